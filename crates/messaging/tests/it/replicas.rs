//! Replicas share the work, and one that stops keeps nothing from the others.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use testkit::eventually;
use tokio::sync::Semaphore;

use crate::{
    handling::{Seen, content, gated},
    world::{LONG, Replica, World, options},
};

async fn holds(seen: &Seen, count: usize) {
    eventually(&format!("{count} are in the handler"), LONG, async || match seen.total() {
        total if total >= count => Ok(()),
        total => Err(format!("{total} are")),
    })
    .await;
}

/// How many events are in the two batches in hand.
async fn both_slots_are_taken(seen: &Seen) -> usize {
    eventually("two batches are in hand", LONG, async || match seen.calls() {
        2 => Ok(seen.total()),
        calls => Err(format!("{calls} are")),
    })
    .await
}

#[tokio::test]
async fn two_replicas_share_the_events_and_none_is_handled_twice() {
    let world = World::start().await;
    world.create_stream().await;
    let (first, second) = (Seen::default(), Seen::default());
    let replicas = [
        world.replica(content(&first), options(20, 2, 5)).await,
        world.replica(content(&second), options(20, 2, 5)).await,
    ];
    eventually("both listen", LONG, async || match world.consumer().await?.num_waiting {
        2.. => Ok(()),
        waiting => Err(format!("{waiting} pulls wait")),
    })
    .await;
    world.publish_all((0..2_000).map(|n| format!("o{n}"))).await;
    world.drained().await;
    assert!(first.total() > 0 && second.total() > 0, "{} and {}", first.total(), second.total());
    assert_eq!(first.total() + second.total(), 2_000);
    join_all(replicas.map(Replica::stop)).await;
}

#[tokio::test]
async fn a_replica_that_stops_finishes_what_it_holds_and_gives_back_what_waits_behind_it() {
    let world = World::start().await;
    world.create_stream().await;
    world.publish_all((0..500).map(|n| format!("o{n}"))).await;
    let (seen, gate) = (Seen::default(), Arc::new(Semaphore::new(0)));
    let stopping = world.replica(gated(&seen, &gate), options(50, 2, 5)).await;
    let in_hand = both_slots_are_taken(&seen).await;
    let others = Seen::default();
    let stop = tokio::spawn(stopping.stop());
    let other = world.replica(content(&others), options(50, 2, 5)).await;
    let begin = Instant::now();
    eventually("the other has all but the batches in hand", LONG, async || match others.counts().len() {
        count if count + in_hand == 500 => Ok(()),
        count => Err(format!("it has {count}, {in_hand} are in hand")),
    })
    .await;
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(5), "it took {took:?}, as if the ack wait had to be over");
    assert!(!stop.is_finished(), "a drain waits for what is in the handler");
    gate.add_permits(2);
    stop.await.unwrap();
    world.drained().await;
    assert_eq!(seen.total() + others.total(), 500, "nothing was handled twice");
    other.stop().await;
}

#[tokio::test]
async fn stopping_under_load_leaves_nothing_to_the_ack_wait() {
    let world = World::start().await;
    world.create_stream().await;
    for round in 0..3 {
        world.publish_all((0..3_000).map(|n| format!("r{round}-{n}"))).await;
        let seen = Seen::default();
        let stopping = world.replica(content(&seen), options(100, 2, 5)).await;
        holds(&seen, 300).await;
        stopping.stop().await;
        let rest = Seen::default();
        let other = world.replica(content(&rest), options(100, 2, 5)).await;
        let begin = Instant::now();
        world.drained().await;
        let took = begin.elapsed();
        assert!(
            took < Duration::from_secs(10),
            "round {round} took {took:?}, as if the ack wait had to be over"
        );
        assert_eq!(seen.total() + rest.total(), 3_000, "nothing was handled twice");
        other.stop().await;
    }
}

#[tokio::test]
async fn what_a_killed_replica_held_is_handled_by_another_after_the_ack_wait() {
    let world = World::start().await;
    world.create_consumer(Duration::from_secs(1)).await;
    world.publish_all((0..20).map(|n| format!("o{n}"))).await;
    let (seen, gate) = (Seen::default(), Arc::new(Semaphore::new(0)));
    let doomed = world.doomed(gated(&seen, &gate), options(10, 1, 5));
    holds(&seen, 1).await;
    doomed.shutdown_background();
    let others = Seen::default();
    let other = world.replica(content(&others), options(10, 2, 5)).await;
    eventually("the other has them all", LONG, async || match others.counts().len() {
        20 => Ok(()),
        count => Err(format!("it has {count}")),
    })
    .await;
    other.stop().await;
}
