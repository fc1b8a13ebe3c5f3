//! The loop goes on by itself, whatever becomes of the broker.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use process::health::Health;
use testkit::eventually;
use tokio_util::sync::CancellationToken;

use crate::{
    handling::{Seen, content},
    world::{CONSUMER, LONG, Replica, STREAM, World, options},
};

async fn listening() -> (World, Seen, Replica) {
    let world = World::start().await;
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    world.publish("before").await;
    handled(&seen, "before").await;
    (world, seen, replica)
}

async fn handled(seen: &Seen, order: &str) {
    eventually(&format!("{order} is handled"), LONG, async || match seen.count(order) {
        0 => Err(format!("only {:?} are", seen.counts())),
        _ => Ok(()),
    })
    .await;
}

/// Handled, not answered: a broker that was killed may have lost the last answers, and asks again after the ack wait.
async fn all_are_handled(seen: &Seen, count: usize) {
    eventually(&format!("{count} events are handled"), LONG, async || match seen.counts().len() {
        all if all == count => Ok(()),
        all => Err(format!("{all} are")),
    })
    .await;
}

/// New events are handled, the loop has not ended, and none of it took long.
async fn goes_on(world: &World, seen: &Seen, replica: Replica, limit: Duration) {
    let begin = Instant::now();
    world.publish("after").await;
    handled(seen, "after").await;
    let took = begin.elapsed();
    assert!(took < limit, "it took {took:?}");
    world.publish_all((0..100).map(|n| format!("o{n}"))).await;
    all_are_handled(seen, 102).await;
    assert!(replica.is_running());
    replica.stop().await;
}

#[tokio::test]
async fn a_consumer_that_starts_before_its_broker_listens_as_soon_as_there_is_one() {
    let world = World::start().await;
    world.nats.kill().await.unwrap();
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    world.nats.restart().await.unwrap();
    world.publish("before").await;
    handled(&seen, "before").await;
    goes_on(&world, &seen, replica, Duration::from_secs(5)).await;
}

#[tokio::test]
async fn new_events_are_handled_after_the_broker_was_stopped_and_started() {
    let (world, seen, replica) = listening().await;
    world.nats.stop().await.unwrap();
    world.nats.restart().await.unwrap();
    goes_on(&world, &seen, replica, Duration::from_secs(10)).await;
}

#[tokio::test]
async fn new_events_are_handled_after_the_broker_was_killed_and_started_again() {
    let (world, seen, replica) = listening().await;
    world.nats.kill().await.unwrap();
    world.nats.restart().await.unwrap();
    goes_on(&world, &seen, replica, Duration::from_secs(10)).await;
}

#[tokio::test]
async fn two_replicas_go_on_at_once_after_the_broker_was_killed_and_started_again() {
    let (world, seen, replica) = listening().await;
    let second = world.replica(content(&seen), options(10, 2, 5)).await;
    for round in 0..3 {
        world.nats.kill().await.unwrap();
        world.nats.restart().await.unwrap();
        world.publish(&format!("alive{round}")).await;
        let begin = Instant::now();
        world.publish_all((0..100).map(|n| format!("r{round}-{n}"))).await;
        all_are_handled(&seen, 2 + 101 * round + 100).await;
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(5), "round {round} took {took:?}");
    }
    join_all([replica, second].map(Replica::stop)).await;
}

#[tokio::test]
async fn new_events_are_handled_after_the_broker_was_paused() {
    let (world, seen, replica) = listening().await;
    let (health, stop) = (Health::new(), CancellationToken::new());
    let watch = tokio::spawn(world.broker_with(&health).await.watch(stop.clone()));
    // Its first turn makes NATS a part of the health at all.
    tokio::task::yield_now().await;
    eventually("it is connected", LONG, async || health.readyz()).await;
    world.nats.pause().unwrap();
    eventually("the silence is noticed", LONG, async || match health.readyz() {
        Err(_) => Ok(()),
        Ok(()) => Err("it is still ready".to_owned()),
    })
    .await;
    world.nats.resume().unwrap();
    stop.cancel();
    watch.await.unwrap();
    goes_on(&world, &seen, replica, Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_consumer_that_is_deleted_under_the_loop_is_made_again() {
    let (world, seen, replica) = listening().await;
    world.jetstream.delete_consumer_from_stream(CONSUMER, STREAM).await.unwrap();
    goes_on(&world, &seen, replica, Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_stream_that_is_deleted_under_the_loop_is_made_again() {
    let (world, seen, replica) = listening().await;
    world.jetstream.delete_stream(STREAM).await.unwrap();
    goes_on(&world, &seen, replica, Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_broker_whose_data_was_wiped_is_used_again() {
    let (world, seen, replica) = listening().await;
    world.nats.wipe_and_restart().await.unwrap();
    goes_on(&world, &seen, replica, Duration::from_secs(20)).await;
}

#[tokio::test]
async fn a_loop_whose_broker_is_away_stops_promptly() {
    let (world, _, replica) = listening().await;
    world.nats.kill().await.unwrap();
    let begin = Instant::now();
    replica.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(5), "it stopped after {:?}", begin.elapsed());
    drop(world);
}
