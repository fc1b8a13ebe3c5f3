//! A dependency of the handler is away: nothing is acked, nothing is counted, and little is pulled.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use messaging::BatchError;
use testkit::eventually;

use crate::{
    handling::{Scripted, Seen, batches, content, done},
    world::{LONG, Replica, World, options},
};

/// Is unavailable for as long as `away`.
fn depends(seen: &Seen, away: &Arc<AtomicBool>) -> Scripted {
    let away = Arc::clone(away);
    batches(seen, move |batch| {
        let answer = match away.load(Ordering::Relaxed) {
            true => Err(BatchError::Unavailable(anyhow::anyhow!("the store is away"))),
            false => done(&batch),
        };
        Box::pin(async move { answer })
    })
}

async fn tried(seen: &Seen, times: usize) {
    eventually(&format!("the handler is tried {times} times"), LONG, async || match seen.count("o0") {
        count if count >= times => Ok(()),
        count => Err(format!("{count} times")),
    })
    .await;
}

#[tokio::test]
async fn nothing_is_acked_or_counted_while_a_dependency_is_away_and_everything_is_done_when_it_is_back() {
    let world = World::start().await;
    world.create_stream().await;
    world.publish_all((0..200).map(|n| format!("o{n}"))).await;
    let (seen, away) = (Seen::default(), Arc::new(AtomicBool::new(true)));
    // Not one retry is allowed, and the handler is refused many more times than that.
    let replica = world.replica(depends(&seen, &away), options(10, 2, 0)).await;
    tried(&seen, 6).await;
    let info = world.consumer().await.unwrap();
    assert_eq!(info.ack_floor.stream_sequence, 0, "nothing is acked");
    // Two batches in the handler, and at most one and a half in memory behind them.
    let pulled = info.delivered.consumer_sequence;
    assert!(pulled <= 35, "{pulled} were pulled");
    assert_eq!(info.num_redelivered, 0);
    away.store(false, Ordering::Relaxed);
    world.drained().await;
    world.dead_letters(0).await;
    assert_eq!(seen.counts().len(), 200);
    replica.stop().await;
}

#[tokio::test]
async fn the_pauses_between_tries_grow_and_stay_below_a_second() {
    let world = World::start().await;
    world.create_stream().await;
    world.publish("o0").await;
    let (seen, away) = (Seen::default(), Arc::new(AtomicBool::new(true)));
    let replica = world.replica(depends(&seen, &away), options(10, 2, 0)).await;
    tried(&seen, 7).await;
    let gaps = seen.gaps("o0");
    assert!(gaps[0] < Duration::from_millis(300), "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap < Duration::from_millis(1_400)), "{gaps:?}");
    assert!(gaps[5] >= Duration::from_millis(900), "{gaps:?}");
    away.store(false, Ordering::Relaxed);
    world.drained().await;
    replica.stop().await;
}

#[tokio::test]
async fn what_is_in_hand_is_not_delivered_again_however_long_the_dependency_is_away() {
    let world = World::start().await;
    world.create_consumer(Duration::from_secs(1)).await;
    world.publish("o0").await;
    let (seen, away) = (Seen::default(), Arc::new(AtomicBool::new(true)));
    let replica = world.replica(depends(&seen, &away), options(4, 1, 0)).await;
    tried(&seen, 1).await;
    let idle = Seen::default();
    let other = world.replica(content(&idle), options(4, 1, 0)).await;
    // Eight tries take more than three times the ack wait.
    tried(&seen, 8).await;
    let info = world.consumer().await.unwrap();
    assert_eq!((info.num_redelivered, info.delivered.consumer_sequence), (0, 1));
    away.store(false, Ordering::Relaxed);
    world.drained().await;
    assert!(seen.delivered("o0").iter().all(|delivered| *delivered == 1));
    assert_eq!(idle.total(), 0, "another replica was given what this one had in hand");
    join_all([replica, other].map(Replica::stop)).await;
}

#[tokio::test]
async fn what_waits_in_memory_for_too_long_goes_back_to_the_broker_for_others_to_take() {
    let world = World::start().await;
    world.create_consumer(Duration::from_secs(6)).await;
    world.publish_all((0..25).map(|n| format!("o{n}"))).await;
    let (seen, away) = (Seen::default(), Arc::new(AtomicBool::new(true)));
    let stuck = world.replica(depends(&seen, &away), options(10, 1, 0)).await;
    tried(&seen, 2).await;
    let in_hand = seen.counts().len();
    // Before a third of the ack wait is over, the other one gets only what nobody has pulled.
    let healthy = Seen::default();
    let other = world.replica(content(&healthy), options(10, 1, 0)).await;
    let begin = Instant::now();
    eventually("the other replica has all but the batch in hand", LONG, async || {
        match healthy.counts().len() {
            count if count + in_hand == 25 => Ok(()),
            count => Err(format!("it has {count}, {in_hand} are in hand")),
        }
    })
    .await;
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(5), "it took {took:?}, as long as the ack wait");
    eventually("only the batch in hand is unanswered", LONG, async || {
        match world.consumer().await?.num_ack_pending {
            unanswered if unanswered == in_hand => Ok(()),
            unanswered => Err(format!("{unanswered} are, {in_hand} are in hand")),
        }
    })
    .await;
    away.store(false, Ordering::Relaxed);
    world.drained().await;
    world.dead_letters(0).await;
    // It listens again.
    other.stop().await;
    world.publish("o0").await;
    world.drained().await;
    stuck.stop().await;
}

#[tokio::test]
async fn a_replica_that_waits_for_a_dependency_stops_promptly_and_gives_everything_to_the_others() {
    let world = World::start().await;
    world.create_stream().await;
    world.publish_all((0..60).map(|n| format!("o{n}"))).await;
    let (seen, away) = (Seen::default(), Arc::new(AtomicBool::new(true)));
    let stuck = world.replica(depends(&seen, &away), options(10, 2, 0)).await;
    tried(&seen, 3).await;
    let begin = Instant::now();
    stuck.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(3), "it stopped after {:?}", begin.elapsed());
    let others = Seen::default();
    let other = world.replica(content(&others), options(10, 2, 0)).await;
    world.drained().await;
    assert!(begin.elapsed() < Duration::from_secs(5), "the ack wait of 30 s was not awaited");
    assert_eq!(others.counts().len(), 60);
    world.dead_letters(0).await;
    other.stop().await;
}
