//! Dead letters that come back: to their own consumer alone, with what they had at first, however often they fail.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_nats::HeaderMap;
use common::{Service, event::ExpirationComplete, event::Subject};
use messaging::{Delivery, Outcome, Queued, ReplayError, dead_letter_header as header, topology};
use testkit::eventually;

use crate::{
    handling::{Seen, batches, content},
    operator::{Operator, REPLAYS, all_taken, is_seen, refuses, text, waiting},
    world::{CONSUMER, LONG, STREAM, World, body, options, topology},
};

#[tokio::test]
async fn a_letter_comes_back_soon_with_the_headers_and_the_place_that_it_had_at_first() {
    let world = World::start().await;
    let deliveries: Arc<Mutex<Vec<Delivery<ExpirationComplete>>>> = Arc::default();
    let (seen, memory) = (Seen::default(), Arc::clone(&deliveries));
    let handler = batches(&seen, move |batch| {
        memory.lock().unwrap().extend(batch.clone());
        let first = memory.lock().unwrap().len() == 1;
        let outcome = if first { Outcome::reject("the first time") } else { Outcome::Done };
        Box::pin(async move { Ok(vec![outcome; batch.len()]) })
    });
    let replica = world.replica(handler, options(10, 2, 5)).await;
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", "the-id");
    headers.insert("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let sequence = world.publish_whole(headers, body("o").as_bytes()).await;
    world.dead_letters(1).await;
    let operator = Operator::on(&world).await;
    let begin = Instant::now();
    assert_eq!(operator.replay(1).await, Queued::Now);
    is_seen(&seen, "o", 2).await;
    assert!(begin.elapsed() < Duration::from_secs(4), "it took {:?}", begin.elapsed());
    all_taken(&world).await;
    let deliveries = deliveries.lock().unwrap().clone();
    assert_eq!(deliveries[0].traceparent, deliveries[1].traceparent);
    assert!(deliveries[1].traceparent.is_some());
    assert_eq!((deliveries[1].sequence, deliveries[1].stored_at_ms), (sequence, deliveries[0].stored_at_ms));
    // The letter stays until it is deleted, and only by its own sequence.
    assert!(operator.letters.delete(1).await.unwrap());
    assert!(!operator.letters.delete(1).await.unwrap(), "it is gone already");
    assert!(operator.letters.get(1).await.unwrap().is_none());
    replica.stop().await;
}

#[tokio::test]
async fn what_fails_again_is_a_letter_of_its_own_beside_the_one_that_it_came_from_and_does_not_loop() {
    let world = World::start().await;
    let (seen, bad) = (Seen::default(), Arc::new(AtomicBool::new(true)));
    let replica = world.replica(refuses(&seen, &bad), options(10, 2, 5)).await;
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", "the-id");
    let sequence = world.publish_whole(headers, body("o").as_bytes()).await;
    world.dead_letters(1).await;
    let operator = Operator::on(&world).await;
    operator.replay(1).await;
    let letters = world.dead_letters(2).await;
    all_taken(&world).await;
    assert_eq!(seen.count("o"), 2, "it is not tried by itself again");
    for (letter, replays) in letters.iter().zip(["", "1"]) {
        assert_eq!(letter.subject, letters[0].subject);
        assert_eq!(text(letter, header::STREAM), STREAM);
        assert_eq!(text(letter, header::SEQUENCE), sequence.to_string());
        assert_eq!(text(letter, header::PUBLISHED), text(&letters[0], header::PUBLISHED));
        assert_eq!(text(letter, "orig-Nats-Msg-Id"), "the-id");
        assert_eq!(text(letter, header::REASON), "not yet");
        assert_eq!(text(letter, header::REPLAYS), replays);
        assert_eq!(letter.payload, body("o"));
        assert!(letter.headers.iter().all(|(name, _)| !name.to_string().starts_with("orig-orig-")));
    }
    assert!(operator.letters.delete(1).await.unwrap());
    assert_eq!(operator.letter(2).await.replays(), 1, "the new one is not deleted with it");
    // And again, soon after: the second replay of one event is none of the first.
    assert_eq!(operator.replay(2).await, Queued::Now);
    let letters = world.dead_letters(2).await;
    assert_eq!(text(&letters[1], header::REPLAYS), "2");
    bad.store(false, Ordering::Relaxed);
    assert_eq!(operator.replay(3).await, Queued::Now);
    is_seen(&seen, "o", 4).await;
    all_taken(&world).await;
    replica.stop().await;
}

/// An operator who sees the letter of an event that was given up; its service is away.
async fn with_a_letter(world: &World) -> Operator {
    let bad = Arc::new(AtomicBool::new(true));
    let replica = world.replica(refuses(&Seen::default(), &bad), options(10, 2, 5)).await;
    world.publish("o").await;
    world.dead_letters(1).await;
    replica.stop().await;
    Operator::on(world).await
}

#[tokio::test]
async fn replayed_twice_it_is_stored_once_and_a_service_that_is_away_gets_it_when_it_is_back() {
    let world = World::start().await;
    let operator = with_a_letter(&world).await;
    assert_eq!(operator.replay(1).await, Queued::Now);
    assert_eq!(operator.replay(1).await, Queued::Already);
    assert_eq!(waiting(&world).await, 1);
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    is_seen(&seen, "o", 1).await;
    all_taken(&world).await;
    assert_eq!(operator.replay(1).await, Queued::Already, "it was there a moment ago");
    assert_eq!((waiting(&world).await, seen.count("o")), (0, 1));
    replica.stop().await;
}

/// What came of a replay with this body.
async fn with(operator: &Operator, text: &str) -> String {
    match operator.replayer.replay(&operator.letter(1).await, Some(body(text).into())).await {
        Ok(queued) => format!("{queued:?}"),
        Err(ReplayError::Conflict { sequence }) => format!("conflict {sequence}"),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn of_two_bodies_for_one_letter_the_second_is_refused_and_the_same_one_again_is_not() {
    let world = World::start().await;
    let operator = with_a_letter(&world).await;
    assert_eq!(with(&operator, "first").await, "Now");
    assert_eq!(with(&operator, "first").await, "Already");
    assert_eq!(with(&operator, "second").await, "conflict 1");
    assert_eq!(operator.replay(1).await, Queued::Already, "as it is: nothing of somebody's is lost");
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    is_seen(&seen, "first", 1).await;
    all_taken(&world).await;
    for text in ["first", "second"] {
        assert_eq!(with(&operator, text).await, "conflict 1", "nobody can say any more which one it was");
    }
    assert_eq!((waiting(&world).await, seen.count("first"), seen.count("second")), (0, 1, 0));
    replica.stop().await;
}

#[tokio::test]
async fn letters_of_two_consumers_for_one_event_are_both_replayed_each_to_its_own() {
    let world = World::start().await;
    world.jetstream.create_stream(topology().dead_letters()).await.unwrap();
    let others = topology::durable_name(Service::Tickets, Subject::OrderCreated);
    for consumer in [CONSUMER, &others] {
        let mut headers = HeaderMap::new();
        headers.insert("orig-Nats-Msg-Id", "the-id");
        headers.insert(header::CONSUMER, consumer);
        headers.insert(header::SUBJECT, "expiration:complete");
        headers.insert(header::STREAM, STREAM);
        headers.insert(header::SEQUENCE, "7");
        headers.insert(header::PUBLISHED, "2026-01-31T12:00:00.123456789Z");
        world.store(&topology::dead_letter_subject(consumer, 7), headers, &body("o")).await;
    }
    let operator = Operator::on(&world).await;
    assert_eq!([operator.replay(1).await, operator.replay(2).await], [Queued::Now, Queued::Now]);
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    is_seen(&seen, "o", 1).await;
    eventually("only the other's waits", LONG, async || match waiting(&world).await {
        1 => Ok(()),
        waiting => Err(format!("{waiting} wait")),
    })
    .await;
    let left = world.stored(REPLAYS).await.unwrap().remove(0);
    assert!(left.subject.starts_with(&format!("replay.{others}.")), "{}", left.subject);
    assert_eq!(seen.count("o"), 1);
    replica.stop().await;
}

#[tokio::test]
async fn another_body_goes_instead_of_a_broken_one_and_without_one_a_cut_letter_is_refused() {
    let world = World::start_with("max_payload: 64KB").await;
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    world.publish_body("broken").await;
    world.publish_body(&"x".repeat(65_000)).await;
    let cut = world
        .dead_letters(2)
        .await
        .iter()
        .position(|letter| !text(letter, header::CUT_FROM).is_empty())
        .unwrap();
    let operator = Operator::on(&world).await;
    let refused = operator.replayer.replay(&operator.letter(cut as u64 + 1).await, None).await;
    assert!(matches!(refused, Err(ReplayError::Impossible { .. })), "{refused:?}");
    for (sequence, order) in [(1, "one"), (2, "two")] {
        let replayed =
            operator.replayer.replay(&operator.letter(sequence).await, Some(body(order).into())).await;
        assert_eq!(replayed.unwrap(), Queued::Now);
        is_seen(&seen, order, 1).await;
    }
    all_taken(&world).await;
    world.dead_letters(2).await;
    replica.stop().await;
}
