//! Every interleaving of what several workers do to one schedule, against a model of it.
//!
//! The model's due times, leases and clocks are far apart (hours), so that the real milliseconds which pass during a
//! case change nothing: time is moved by moving the scores.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use common::{clock, event::Id};
use expiration::schedule::{Claim, ClaimOptions, Job, Schedule};
use proptest::{prelude::*, test_runner::TestRunner};
use testkit::Redis;

const ORDERS: usize = 12;
const WORKERS: usize = 3;
const HOUR_MS: i64 = 3_600_000;

#[derive(Clone, Debug)]
enum Action {
    /// An `order:created` (or its redelivery) with a due time this many hours from now.
    Schedule { order: usize, hours: i64 },
    /// An `order:cancelled`.
    Unschedule { order: usize },
    /// A worker claims, with a clock that is this many hours off, and reaches this many hours ahead.
    Claim { worker: usize, limit: usize, fresh: usize, skew_hours: i64, ahead_hours: i64 },
    /// A worker's whole claim was stored.
    Complete { worker: usize },
    /// The first `stored` jobs of a worker's claim were stored, the rest not.
    Settle { worker: usize, stored: usize },
    /// A worker dies with its claim in hand, or sleeps past its lease: all claims of that age lapse.
    Lapse,
}

fn action() -> impl Strategy<Value = Action> {
    let order = 0..ORDERS;
    let worker = 0..WORKERS;
    prop_oneof![
        3 => (order.clone(), -3i64..3).prop_map(|(order, hours)| Action::Schedule { order, hours }),
        1 => order.prop_map(|order| Action::Unschedule { order }),
        4 => (worker.clone(), 1usize..5, 0usize..3, -2i64..3, 0i64..2).prop_map(
            |(worker, limit, fresh, skew_hours, ahead_hours)| {
                Action::Claim { worker, limit, fresh: fresh.min(limit), skew_hours, ahead_hours }
            }
        ),
        2 => worker.clone().prop_map(|worker| Action::Complete { worker }),
        2 => (worker, 0usize..5).prop_map(|(worker, stored)| Action::Settle { worker, stored }),
        1 => Just(Action::Lapse),
    ]
}

/// What the rules say is in the schedule.
#[derive(Debug, Default)]
struct Model {
    jobs: BTreeMap<usize, State>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Waits until this instant, ms.
    Waiting(i64),
    /// In the hands of the claim with this number; the instant it was due; how many hours the fleet's clock was behind
    /// Redis' when it was claimed.
    Claimed(u64, i64, i64),
    /// Of a claim that has lapsed by the fleet's clock of its time.
    Lapsed(i64),
}

struct World {
    schedule: Schedule,
    redis: redis::aio::MultiplexedConnection,
    ids: Vec<Id>,
    start_ms: i64,
    model: Model,
    claims: Vec<Option<(u64, Claim)>>,
    next_claim: u64,
    fired: HashMap<usize, u32>,
    /// Hours, 0 or less, by which the fleet's clock is behind Redis'.
    fleet_hours: Option<i64>,
}

const DUE: &str = "{property:order:expiration}:due";

impl World {
    async fn new(redis: &Redis) -> Self {
        let mut connection = redis.connect().await.unwrap();
        redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.unwrap();
        Self {
            schedule: Schedule::new(&redis.url(), "property").unwrap(),
            redis: connection,
            ids: (0..ORDERS).map(|_| Id::generate()).collect(),
            // Half an hour off the full hours, so that no due time is near.
            start_ms: clock::now_ms() - HOUR_MS / 2,
            model: Model::default(),
            claims: (0..WORKERS).map(|_| None).collect(),
            next_claim: 0,
            fired: HashMap::new(),
            fleet_hours: None,
        }
    }

    fn at(&self, hours: i64) -> i64 {
        self.start_ms + hours * HOUR_MS
    }

    async fn apply(&mut self, action: &Action) {
        match *action {
            Action::Schedule { order, hours } => {
                let job = Job { id: self.ids[order].clone(), due_ms: self.at(hours) };
                let new = self.schedule.schedule(&[job]).await.unwrap();
                assert_eq!(
                    new == 1,
                    !self.model.jobs.contains_key(&order),
                    "a timer that is there stays as it is"
                );
                let due_ms = self.at(hours);
                self.model.jobs.entry(order).or_insert(State::Waiting(due_ms));
            }
            Action::Unschedule { order } => {
                let removed = self.schedule.unschedule(&[&self.ids[order]]).await.unwrap();
                assert_eq!(removed == 1, self.model.jobs.remove(&order).is_some());
            }
            Action::Claim { worker, limit, fresh, skew_hours, ahead_hours } => {
                let ahead = Duration::from_millis((ahead_hours * HOUR_MS).unsigned_abs());
                self.claim(worker, ClaimOptions { limit, fresh, ahead }, skew_hours).await;
            }
            Action::Complete { worker } => {
                if let Some((number, claim)) = self.claims[worker].take() {
                    let held = self.held_by(number);
                    let removed = self.schedule.complete(&claim).await.unwrap();
                    assert_eq!(
                        removed as usize,
                        held.len(),
                        "exactly what this claim still holds is removed"
                    );
                    self.model.jobs.retain(|order, _| !held.contains(order));
                }
            }
            Action::Settle { worker, stored } => self.settle(worker, stored).await,
            Action::Lapse => self.lapse().await,
        }
        self.compare().await;
    }

    async fn claim(&mut self, worker: usize, options: ClaimOptions, skew_hours: i64) {
        let worker_us = (clock::now_ms() + skew_hours * HOUR_MS) * 1_000;
        let claimed = self.schedule.claim_at(options, worker_us).await.unwrap();
        // Due by the slower of the two clocks. A claim lapses when that one has come so far as the fleet's was when it was
        // made; it can't be claimed ahead, and neither can one that has not lapsed.
        let behind = skew_hours.min(0);
        let fleet = self.fleet_hours.map_or(behind, |fleet| fleet.max(behind));
        self.fleet_hours = Some(fleet);
        let latest = clock::now_ms() + skew_hours.min(0) * HOUR_MS + options.ahead.as_millis() as i64;
        let due: Vec<usize> = self
            .model
            .jobs
            .iter()
            .filter(|(_, state)| match state {
                State::Waiting(due_ms) => *due_ms <= latest,
                State::Lapsed(fleet) => behind >= *fleet,
                State::Claimed(_, _, fleet) => behind > *fleet,
            })
            .map(|(order, _)| *order)
            .collect();
        let taken: Vec<usize> =
            claimed.claim.iter().flat_map(|claim| &claim.jobs).map(|job| self.order_of(&job.id)).collect();
        // Claims that can't be taken may hide jobs that are due ahead, until they lapse.
        let most = due.len().min(options.limit);
        let overdue = due.iter().filter(|order| match self.model.jobs[*order] {
            State::Waiting(due_ms) => due_ms <= latest - options.ahead.as_millis() as i64,
            _ => true,
        });
        let least = overdue.count().min(options.limit);
        assert!(
            (least..=most).contains(&taken.len()) && (!options.ahead.is_zero() || least == most),
            "as many as are due and asked for; due {due:?}, taken {taken:?}"
        );
        let distinct: HashSet<_> = taken.iter().collect();
        assert_eq!(distinct.len(), taken.len(), "each once: {taken:?}");
        assert!(taken.iter().all(|order| due.contains(order)), "never early: due {due:?}, taken {taken:?}");
        let Some(claim) = claimed.claim else { return };
        self.next_claim += 1;
        for (order, job) in taken.iter().zip(&claim.jobs) {
            *self.fired.entry(*order).or_default() += 1;
            if let State::Waiting(due_ms) = self.model.jobs[order] {
                assert_eq!(job.due_ms, due_ms, "a claim tells the due time");
            }
            self.model.jobs.insert(*order, State::Claimed(self.next_claim, job.due_ms, fleet));
        }
        self.claims[worker] = Some((self.next_claim, claim));
    }

    async fn settle(&mut self, worker: usize, stored: usize) {
        let Some((number, claim)) = self.claims[worker].take() else { return };
        let held = self.held_by(number);
        let (stored, unknown) = claim.jobs.split_at(stored.min(claim.jobs.len()));
        let still = |jobs: &[Job]| jobs.iter().filter(|job| held.contains(&self.order_of(&job.id))).count();
        let (completes, releases) = (still(stored), still(unknown));
        let removed = self.schedule.complete_some(&claim, &stored.iter().collect::<Vec<_>>()).await.unwrap();
        let released = self.schedule.release(&claim, &unknown.iter().collect::<Vec<_>>()).await.unwrap();
        assert_eq!((removed as usize, released as usize), (completes, releases));
        for job in stored {
            let order = self.order_of(&job.id);
            if held.contains(&order) {
                self.model.jobs.remove(&order);
            }
        }
        for job in unknown {
            let order = self.order_of(&job.id);
            if let Some(State::Claimed(by, due_ms, _)) = self.model.jobs.get(&order).copied()
                && by == number
            {
                self.model.jobs.insert(order, State::Waiting(due_ms));
            }
        }
    }

    /// Moves every claim's score into the past, as time would.
    async fn lapse(&mut self) {
        let members: Vec<(String, f64)> = redis::cmd("ZRANGE")
            .arg(DUE)
            .arg(0)
            .arg(-1)
            .arg("WITHSCORES")
            .query_async(&mut self.redis)
            .await
            .unwrap();
        for (id, score) in members.iter().filter(|(_, score)| score.fract() != 0.0) {
            let moved = score - 60_000.0;
            redis::cmd("ZADD").arg(DUE).arg(moved).arg(id).query_async::<()>(&mut self.redis).await.unwrap();
        }
        for state in self.model.jobs.values_mut() {
            if let State::Claimed(_, _, fleet) = *state {
                *state = State::Lapsed(fleet);
            }
        }
    }

    /// Every job of the model is in Redis and nothing else is.
    async fn compare(&mut self) {
        let mut members: Vec<String> =
            redis::cmd("ZRANGE").arg(DUE).arg(0).arg(-1).query_async(&mut self.redis).await.unwrap();
        let mut expected: Vec<String> =
            self.model.jobs.keys().map(|order| self.ids[*order].to_string()).collect();
        members.sort_unstable();
        expected.sort_unstable();
        assert_eq!(members, expected, "no job is lost and none comes from nowhere");
    }

    /// A claim whose score was moved is nobody's any more: another score is not this claim's.
    fn held_by(&self, number: u64) -> Vec<usize> {
        self.model
            .jobs
            .iter()
            .filter(|(_, state)| matches!(state, State::Claimed(by, ..) if *by == number))
            .map(|(order, _)| *order)
            .collect()
    }

    fn order_of(&self, id: &Id) -> usize {
        self.ids.iter().position(|known| known == id).unwrap()
    }
}

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
