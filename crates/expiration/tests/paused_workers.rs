//! A pause, as the workers obey and show it: the real binary between real servers.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use common::{Service, event::Timestamp, internal::Pause};
use expiration::schedule::{PauseAnswer, Schedule};
use support::{CLUSTER, LONG, World, in_ms, metric};
use testkit::{ServiceProcess, eventually};

const HOUR_MS: i64 = 3_600_000;

async fn pause(world: &World) -> Schedule {
    let schedule = Schedule::new(&world.redis.url(), CLUSTER).unwrap();
    let until = Timestamp::from_millis(in_ms(HOUR_MS));
    let pause = Pause { until, rate: None, by: "ann".to_owned() };
    assert_eq!(schedule.pause(&pause).await.unwrap(), PauseAnswer::Paused);
    schedule
}

/// Waits until a worker that is ready says of itself that it is paused, or that it is not.
async fn says(worker: &ServiceProcess, paused: bool) {
    eventually("the worker says so", LONG, async || {
        let (status, body) = worker.get("/readyz").await.map_err(|error| format!("{error:#}"))?;
        assert_eq!(status, 200, "it is ready all the same: {body}");
        let says = body.contains("the schedule is paused until") && body.contains("by ann");
        let counts = metric(worker, "expiration_paused").await == f64::from(u8::from(paused));
        (says == paused && counts).then_some(()).ok_or(body)
    })
    .await;
}

#[tokio::test]
async fn a_burst_that_falls_due_in_a_pause_waits_for_its_end_also_with_a_worker_that_starts_meanwhile() {
    let world = World::start().await;
    let mut workers = vec![world.worker("expiration-1").await, world.worker("expiration-2").await];
    let schedule = pause(&world).await;
    let start = in_ms(300);
    let orders = world.orders((0..2_000).map(|i| start + i % 500)).await;
    world.has_scheduled(2_000).await;
    for worker in &workers {
        says(worker, true).await;
    }
    workers.push(world.worker("expiration-3").await);
    says(&workers[2], true).await;
    eventually("all of them are due and seen to wait", LONG, async || {
        let waiting = metric(&workers[0], "expiration_paused_waiting").await;
        (waiting == 2_000.0).then_some(()).ok_or(format!("{waiting} wait"))
    })
    .await;
    assert_eq!(world.count(Service::Expiration).await, Ok(0), "nothing fires");
    assert_eq!(world.claimed().await, [0.0; 0], "nor is anything claimed");
    assert!(schedule.resume(Some(4_000)).await.unwrap());
    world.fires_exactly(&orders).await;
    world.is_drained().await;
    for worker in &workers {
        says(worker, false).await;
    }
}

#[tokio::test]
async fn a_pause_is_gone_with_the_redis_that_is_wiped_and_what_waited_comes_back_and_fires() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    pause(&world).await;
    let mut orders = world.orders([in_ms(0)]).await;
    world.has_scheduled(1).await;
    says(&worker, true).await;
    world.redis_command::<()>(&["FLUSHALL"]).await;
    says(&worker, false).await;
    orders.extend(world.orders((0..20).map(|_| in_ms(50))).await);
    world.fires_exactly(&orders).await;
}
