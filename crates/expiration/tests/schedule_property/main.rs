//! Every interleaving of what several workers and an operator do to one schedule, against a model of it.
//!
//! The model's due times, leases and clocks are far apart (hours), so that the real milliseconds which pass during a
//! case change nothing: time is moved by moving the scores.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod action;
mod model;
mod operator;
mod world;

use std::collections::HashMap;

use common::{clock, event::Id};
use expiration::schedule::{Job, Schedule};
use proptest::{prelude::*, test_runner::TestRunner};
use testkit::Redis;

use action::action;
use world::World;

#[test]
fn no_interleaving_of_workers_loses_a_job_fires_one_early_or_takes_one_from_another() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::start()).unwrap();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&prop::collection::vec(action(), 1..60), |actions| {
            runtime.block_on(async {
                let mut world = World::new(&redis).await;
                for action in &actions {
                    world.apply(action).await;
                }
            });
            Ok(())
        })
        .unwrap();
}

#[test]
fn thousands_of_due_times_around_now_are_never_claimed_early() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let redis = Redis::start().await.unwrap();
        let schedule = Schedule::new(&redis.url(), "property").unwrap();
        let start = clock::now_ms();
        let jobs: Vec<Job> =
            (0..6_000).map(|i| Job { id: Id::generate(), due_ms: start + (i * 7) % 1_500 }).collect();
        schedule.schedule(&jobs).await.unwrap();
        let due: HashMap<&Id, i64> = jobs.iter().map(|job| (&job.id, job.due_ms)).collect();
        let workers = (0..4).map(|_| {
            let schedule = schedule.clone();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while schedule.head().await.unwrap().jobs > 0 {
                    let claimed = schedule.claim_due(100, clock::now_ms()).await.unwrap();
                    let at = clock::now_ms();
                    if let Some(claim) = claimed.claim {
                        schedule.complete(&claim).await.unwrap();
                        seen.extend(claim.jobs.into_iter().map(|job| (job, at)));
                    }
                }
                seen
            })
        });
        let mut fired = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            fired.extend(worker.await.unwrap());
        }
        assert_eq!(fired.len(), jobs.len(), "each once");
        for (job, at) in fired {
            assert_eq!(job.due_ms, due[&job.id]);
            assert!(at >= job.due_ms, "{} fired {} ms early", job.id, job.due_ms - at);
        }
    });
}
