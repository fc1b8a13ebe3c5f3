//! Each event is answered for: stored, unknown or too large.

use std::time::{Duration, Instant};

use common::{Service, event::ExpirationComplete, event::Id, event::Subject};
use futures_util::future::join_all;
use messaging::{Broker, Outgoing, PublishError, Publisher, Stored};
use process::health::Health;
use testkit::eventually;

use crate::world::{LONG, STREAM, World, body, settings};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn event(order: &str) -> Outgoing {
    let order_id: Id = order.parse().unwrap();
    Outgoing {
        subject: Subject::ExpirationComplete,
        message_id: ExpirationComplete { order_id }.message_id(),
        traceparent: None,
        claim: None,
        payload: body(order).into(),
    }
}

fn events(count: usize) -> Vec<Outgoing> {
    (0..count).map(|n| event(&format!("o{n}"))).collect()
}

async fn publisher(world: &World) -> Publisher {
    let settings = settings(&world.nats.url());
    Broker::connect(Service::Expiration, &settings, &Health::new()).await.unwrap().publisher()
}

fn outcomes(answers: &[Result<Stored, PublishError>]) -> Vec<&'static str> {
    let outcome = |answer: &Result<Stored, PublishError>| match answer {
        Ok(_) => "stored",
        Err(PublishError::Unknown { .. }) => "unknown",
        Err(PublishError::TooLarge { .. }) => "too large",
    };
    answers.iter().map(outcome).collect()
}

async fn stored(world: &World) -> u64 {
    world.stream(STREAM).await.unwrap().cached_info().state.messages
}

#[tokio::test]
async fn each_event_of_a_batch_is_answered_in_its_place() {
    let world = World::start_with("max_payload: 64KB").await;
    world.create_stream().await;
    let publisher = publisher(&world).await;
    // The limit is known from the first answer of the server on.
    eventually("connected", LONG, async || match publisher.publish(&[event("first")]).await.remove(0) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    })
    .await;
    let mut batch = events(3);
    batch[1].payload = vec![b' '; 100_000].into();
    let answers = publisher.publish(&batch).await;
    assert_eq!(outcomes(&answers), ["stored", "too large", "stored"]);
    let text = answers[1].as_ref().unwrap_err().to_string();
    assert!(text.contains("expiration:complete:o1") && text.contains("100000 bytes"), "{text}");
    assert_eq!(stored(&world).await, 3);
    assert!(publisher.publish(&[]).await.is_empty());
}

#[tokio::test]
async fn the_same_id_twice_is_stored_once_and_answered_as_stored_both_times() {
    let world = World::start().await;
    world.create_stream().await;
    let publisher = publisher(&world).await;
    let answers = publisher.publish(&[event("a"), event("a"), event("b")]).await;
    assert_eq!(outcomes(&answers), ["stored"; 3]);
    assert_eq!(outcomes(&publisher.publish(&[event("b")]).await), ["stored"]);
    assert_eq!(stored(&world).await, 2);
}

#[tokio::test]
async fn an_event_carries_its_id_its_trace_and_its_claim_and_no_other_header() {
    let world = World::start().await;
    world.create_stream().await;
    let traced = Outgoing { traceparent: Some(TRACEPARENT.parse().unwrap()), ..event("traced") };
    let claimed = Outgoing { claim: Some("1769860800123 expiration-1".into()), ..event("claimed") };
    let answers = publisher(&world).await.publish(&[traced, event("plain"), claimed]).await;
    assert_eq!(outcomes(&answers), ["stored"; 3]);
    let messages = world.stored(STREAM).await.unwrap();
    let headers = |index: usize| {
        let mut lines: Vec<_> = messages[index]
            .headers
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| format!("{name}: {}", value.as_str())))
            .collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(
        headers(0),
        ["Nats-Msg-Id: expiration:complete:traced".to_owned(), format!("traceparent: {TRACEPARENT}")]
    );
    assert_eq!(headers(1), ["Nats-Msg-Id: expiration:complete:plain"]);
    assert_eq!(headers(2), ["Nats-Msg-Id: expiration:complete:claimed", "claim: 1769860800123 expiration-1"]);
    assert_eq!(messages[1].payload, body("plain"), "the body is bare");
}

#[tokio::test]
async fn more_events_than_may_be_in_flight_are_all_stored_even_from_several_tasks_at_once() {
    let world = World::start().await;
    world.create_stream().await;
    let publisher = publisher(&world).await;
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let publisher = publisher.clone();
            let batch: Vec<_> = (0..5_000).map(|n| event(&format!("t{task}-{n}"))).collect();
            tokio::spawn(async move { publisher.publish(&batch).await })
        })
        .collect();
    for task in tasks {
        let answers = tokio::time::timeout(LONG, task).await.expect("it waits for itself").unwrap();
        assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 0);
    }
    assert_eq!(stored(&world).await, 20_000);
}

#[tokio::test]
async fn a_broker_that_does_not_answer_leaves_a_whole_batch_unknown_after_three_seconds() {
    let world = World::start().await;
    world.create_stream().await;
    let publisher = publisher(&world).await;
    assert_eq!(outcomes(&publisher.publish(&[event("before")]).await), ["stored"]);
    world.nats.pause().unwrap();
    let begin = Instant::now();
    let answers = publisher.publish(&events(500)).await;
    let took = begin.elapsed();
    world.nats.resume().unwrap();
    // A few may have been stored before it stood still.
    assert_eq!(outcomes(&answers[250..]), ["unknown"; 250]);
    assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(5), "it took {took:?}");
    eventually("the same events again are stored", LONG, async || {
        let answers = publisher.publish(&events(500)).await;
        answers.into_iter().collect::<Result<Vec<_>, _>>().map(drop).map_err(|error| error.to_string())
    })
    .await;
    assert_eq!(stored(&world).await, 501, "what was stored although unknown is not stored again");
}

#[tokio::test]
async fn a_publisher_that_never_had_a_broker_answers_unknown_and_publishes_once_there_is_one() {
    let world = World::start().await;
    world.nats.kill().await.unwrap();
    let publisher = publisher(&world).await;
    // More than the client queues before it makes publishers wait.
    let begin = Instant::now();
    let batches = [events(900), events(900), events(900)];
    let answers = join_all(batches.iter().map(|batch| publisher.publish(batch))).await;
    let took = begin.elapsed();
    assert!(answers.iter().all(|answers| outcomes(answers) == ["unknown"; 900]));
    assert!(took < Duration::from_secs(5), "they took {took:?}");
    world.nats.restart().await.unwrap();
    eventually("the event is stored", LONG, async || {
        publisher.publish(&[event("late")]).await.remove(0).map_err(|error| error.to_string())
    })
    .await;
}

#[tokio::test]
async fn events_that_are_sent_by_and_by_are_answered_in_their_places() {
    let world = World::start().await;
    world.create_stream().await;
    let publisher = publisher(&world).await;
    let all = events(30);
    for again in 0..2 {
        let mut publishing = publisher.begin(all.len()).await;
        for some in all.chunks(7) {
            publishing.send(some).await;
        }
        assert_eq!(outcomes(&publishing.acks().await), ["stored"; 30], "time {again}");
    }
    assert_eq!(stored(&world).await, 30);
}

#[tokio::test]
async fn a_flight_waits_for_a_broker_that_is_away_once_and_not_for_each_part() {
    let world = World::start().await;
    world.nats.kill().await.unwrap();
    let publisher = publisher(&world).await;
    // More than the client queues before it makes publishers wait.
    let parts: Vec<_> = (0..5).map(|_| events(900)).collect();
    let begin = Instant::now();
    let mut publishing = publisher.begin(4_500).await;
    for part in &parts {
        publishing.send(part).await;
    }
    let answers = publishing.acks().await;
    let took = begin.elapsed();
    assert_eq!(outcomes(&answers), ["unknown"; 4_500]);
    assert!(took < Duration::from_secs(5), "it took {took:?}");
}

#[tokio::test]
async fn a_missing_stream_is_made_again_and_the_next_publish_is_stored() {
    let world = World::start().await;
    let publisher = publisher(&world).await;
    assert_eq!(outcomes(&publisher.publish(&events(2)).await), ["unknown"; 2], "there is no stream yet");
    assert_eq!(outcomes(&publisher.publish(&events(2)).await), ["stored"; 2]);
    world.jetstream.delete_stream(STREAM).await.unwrap();
    eventually("stored after the stream was deleted", LONG, async || {
        publisher.publish(&events(1)).await.remove(0).map_err(|error| error.to_string())
    })
    .await;
    world.nats.wipe_and_restart().await.unwrap();
    eventually("stored after everything was wiped", LONG, async || {
        publisher.publish(&events(1)).await.remove(0).map_err(|error| error.to_string())
    })
    .await;
}
