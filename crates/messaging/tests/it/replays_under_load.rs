//! Replays while something else goes on: a dependency is away, a replica stops, letters are deleted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use messaging::{BatchError, Outcome, Queued, dead_letter_header as header};
use testkit::eventually;
use tokio::sync::Semaphore;

use crate::{
    handling::{Seen, batches, content, done, order},
    operator::{Operator, REPLAYS, all_taken, is_seen, refuses, text, waiting},
    world::{LONG, World, options},
};

#[tokio::test]
async fn replays_wait_for_a_dependency_that_is_away_and_then_all_are_done_and_none_is_counted() {
    let world = World::start().await;
    let (bad, away) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
    let seen = Seen::default();
    let handler = {
        let (bad, away) = (Arc::clone(&bad), Arc::clone(&away));
        batches(&seen, move |batch| {
            let answer = match (away.load(Ordering::Relaxed), bad.load(Ordering::Relaxed)) {
                (true, _) => Err(BatchError::Unavailable(anyhow::anyhow!("the store is away"))),
                (_, true) => Ok(vec![Outcome::reject("bad"); batch.len()]),
                _ => done(&batch),
            };
            Box::pin(async move { answer })
        })
    };
    // Not one retry is allowed.
    let replica = world.replica(handler, options(10, 2, 0)).await;
    for n in 0..20 {
        world.publish(&format!("o{n}")).await;
    }
    world.dead_letters(20).await;
    bad.store(false, Ordering::Relaxed);
    away.store(true, Ordering::Relaxed);
    let operator = Operator::on(&world).await;
    let before = seen.total();
    for sequence in 1..=20 {
        operator.replay(sequence).await;
    }
    eventually("the handler is tried several times", LONG, async || match seen.total() - before {
        tried if tried >= 4 => Ok(()),
        tried => Err(format!("{tried} times")),
    })
    .await;
    assert_eq!(waiting(&world).await, 20, "nothing is acked");
    away.store(false, Ordering::Relaxed);
    all_taken(&world).await;
    world.dead_letters(20).await;
    replica.stop().await;
}

#[tokio::test]
async fn a_replica_that_stops_gives_its_replays_to_the_others_and_events_do_not_wait_for_them() {
    let world = World::start().await;
    let bad = Arc::new(AtomicBool::new(true));
    let first = world.replica(refuses(&Seen::default(), &bad), options(50, 2, 5)).await;
    for n in 0..100 {
        world.publish(&format!("o{n}")).await;
    }
    world.dead_letters(100).await;
    first.stop().await;
    // Holds replays in its handler for as long as the gate is shut, and lets events pass.
    let (seen, gate) = (Seen::default(), Arc::new(Semaphore::new(0)));
    let handler = {
        let gate = Arc::clone(&gate);
        batches(&seen, move |batch| {
            let gate = Arc::clone(&gate);
            Box::pin(async move {
                if batch.iter().any(|each| order(each).starts_with('o')) {
                    gate.acquire().await.unwrap().forget();
                }
                done(&batch)
            })
        })
    };
    let stopping = world.replica(handler, options(10, 2, 5)).await;
    let operator = Operator::on(&world).await;
    for sequence in 1..=100 {
        operator.replay(sequence).await;
    }
    eventually("replays are in the handler", LONG, async || match seen.total() {
        0 => Err("none".to_owned()),
        _ => Ok(()),
    })
    .await;
    let in_hand = seen.total();
    assert!(in_hand <= 10, "one batch of replays at a time, not {in_hand}");
    world.publish("event").await;
    is_seen(&seen, "event", 1).await;
    let stop = tokio::spawn(stopping.stop());
    let others = Seen::default();
    let other = world.replica(content(&others), options(50, 2, 5)).await;
    let begin = Instant::now();
    eventually("the other has all but the batch in hand", LONG, async || match others.total() {
        count if count + in_hand == 100 => Ok(()),
        count => Err(format!("it has {count}, {in_hand} are in hand")),
    })
    .await;
    assert!(begin.elapsed() < Duration::from_secs(8), "it took {:?}", begin.elapsed());
    gate.add_permits(1);
    stop.await.unwrap();
    all_taken(&world).await;
    other.stop().await;
}

#[tokio::test]
async fn a_queue_of_replays_that_was_deleted_is_made_again_by_the_next_replay() {
    let world = World::start().await;
    let bad = Arc::new(AtomicBool::new(true));
    let seen = Seen::default();
    let replica = world.replica(refuses(&seen, &bad), options(10, 2, 5)).await;
    world.publish("one").await;
    world.publish("two").await;
    world.dead_letters(2).await;
    bad.store(false, Ordering::Relaxed);
    let operator = Operator::on(&world).await;
    operator.replay(1).await;
    all_taken(&world).await;
    world.jetstream.delete_stream(REPLAYS).await.unwrap();
    operator.replay(2).await;
    is_seen(&seen, "two", 2).await;
    all_taken(&world).await;
    replica.stop().await;
}

#[tokio::test]
async fn what_fails_again_while_the_letter_that_it_came_from_is_deleted_is_kept_at_once() {
    let world = World::start().await;
    let (seen, bad) = (Seen::default(), Arc::new(AtomicBool::new(true)));
    let replica = world.replica(refuses(&seen, &bad), options(10, 2, 5)).await;
    for n in 0..300 {
        world.publish(&format!("o{n}")).await;
    }
    world.dead_letters(300).await;
    let operator = Operator::on(&world).await;
    for sequence in 1..=300 {
        assert_eq!(operator.replay(sequence).await, Queued::Now);
        assert!(operator.letters.delete(sequence).await.unwrap());
    }
    all_taken(&world).await;
    let letters = world.dead_letters(300).await;
    assert!(letters.iter().all(|letter| text(letter, header::REPLAYS) == "1"));
    assert_eq!(seen.total(), 600, "none had to be tried again");
    replica.stop().await;
}
