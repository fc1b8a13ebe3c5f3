//! Events read once more, in order, and nothing is missing without an error.

use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use common::{Service, event::Subject};
use futures_util::StreamExt as _;
use messaging::{Broker, EventReader, ReadFrom, StoredEvent};

use crate::world::{LONG, World, topology};

const TIMERS: [Subject; 3] = [Subject::OrderCreated, Subject::OrderExtended, Subject::OrderCancelled];
const CONSUMER: &str = "expiration-rebuild";

/// With a stream of orders, and `expiration` that reads it.
async fn orders() -> (World, Broker) {
    let world = World::start().await;
    world.jetstream.create_stream(topology().stream(Service::Orders)).await.unwrap();
    let broker = world.broker_of(Service::Expiration).await;
    (world, broker)
}

async fn store(world: &World, subject: Subject, body: &str) -> u64 {
    world.store(subject.as_str(), HeaderMap::new(), body).await
}

/// As many events as this.
async fn fill(world: &World, count: usize) {
    let mut acks = Vec::with_capacity(count);
    for n in 0..count {
        acks.push(world.send_to(Subject::OrderCreated, &format!("{{\"id\":\"{n}\"}}")).await);
    }
    for ack in acks {
        ack.await.unwrap();
    }
}

async fn last(broker: &Broker) -> u64 {
    broker.last_place(Service::Orders).await.unwrap().unwrap().sequence
}

async fn rest(mut reader: EventReader) -> anyhow::Result<Vec<StoredEvent>> {
    let mut events = Vec::new();
    loop {
        match tokio::time::timeout(LONG, reader.next_chunk(1_000)).await?? {
            chunk if chunk.is_empty() => break,
            chunk => events.extend(chunk),
        }
    }
    reader.close().await;
    Ok(events)
}

async fn read(broker: &Broker, subjects: &[Subject], from: ReadFrom, last: u64) -> Vec<(u64, String)> {
    let events = rest(broker.read_events(subjects, from, last).await.unwrap()).await.unwrap();
    let told = |it: StoredEvent| (it.sequence, String::from_utf8_lossy(&it.payload).into_owned());
    events.into_iter().map(told).collect()
}

fn sequences(events: &[(u64, String)]) -> Vec<u64> {
    events.iter().map(|(sequence, _)| *sequence).collect()
}

#[tokio::test]
async fn the_events_of_some_subjects_come_in_order_from_any_place_up_to_the_last() {
    let (world, broker) = orders().await;
    assert!(read(&broker, &TIMERS, ReadFrom::Start, 0).await.is_empty(), "an empty stream");
    store(&world, Subject::OrderCreated, "a").await;
    store(&world, Subject::OrderCompleted, "b").await;
    store(&world, Subject::OrderExtended, "c").await;
    store(&world, Subject::OrderCreated, "d").await;
    let at = broker.place_at(Service::Orders, 4).await.unwrap().unwrap().stored_ns;
    store(&world, Subject::OrderCancelled, "e").await;
    store(&world, Subject::OrderCompleted, "f").await;
    let all = read(&broker, &TIMERS, ReadFrom::Start, last(&broker).await).await;
    let expected = [(1, "a"), (3, "c"), (4, "d"), (5, "e")].map(|(at, body)| (at, body.to_owned()));
    assert_eq!(all, expected);
    let some = async |from, last| sequences(&read(&broker, &TIMERS, from, last).await);
    assert_eq!(some(ReadFrom::Behind(3), 6).await, [4, 5]);
    assert_eq!(some(ReadFrom::Behind(0), 4).await, [1, 3, 4]);
    assert_eq!(some(ReadFrom::Behind(5), 6).await, [0; 0], "another subject is last");
    assert_eq!(some(ReadFrom::Behind(6), 6).await, [0; 0], "behind the end");
    assert_eq!(some(ReadFrom::StoredAt(at), 6).await, [4, 5]);
    assert_eq!(some(ReadFrom::StoredAt(at + 1), 6).await, [5]);
    assert_eq!(sequences(&read(&broker, &TIMERS[..1], ReadFrom::Start, 6).await), [1, 4]);
    assert!(broker.read_events(&TIMERS, ReadFrom::Start, 7).await.is_err(), "the stream ends before");
}

#[tokio::test]
async fn what_is_stored_while_it_is_read_does_not_come() {
    let (world, broker) = orders().await;
    fill(&world, 100).await;
    let reader = broker.read_events(&TIMERS, ReadFrom::Start, 50).await.unwrap();
    fill(&world, 100).await;
    let events = rest(reader).await.unwrap();
    assert_eq!(events.len(), 50);
    assert_eq!((events[0].left, events[0].subject), (199, Subject::OrderCreated), "behind it there are more");
    let stream = world.stream("c-orders").await.unwrap();
    assert!(stream.consumer_info(CONSUMER).await.is_err(), "its consumer is gone");
}

#[tokio::test]
async fn a_hundred_thousand_events_are_read_in_order_and_fast() {
    let (world, broker) = orders().await;
    const COUNT: usize = 100_000;
    fill(&world, COUNT).await;
    let last = last(&broker).await;
    let begin = Instant::now();
    let events = rest(broker.read_events(&TIMERS, ReadFrom::Start, last).await.unwrap()).await.unwrap();
    let took = begin.elapsed();
    println!("{:.0} events/s", COUNT as f64 / took.as_secs_f64());
    assert!(events.iter().map(|event| event.sequence).eq(1..=last));
}

#[tokio::test]
async fn an_event_that_somebody_else_took_is_missed() {
    let (world, broker) = orders().await;
    fill(&world, 20_000).await;
    let reader = broker.read_events(&TIMERS, ReadFrom::Start, 20_000).await.unwrap();
    let stream = world.stream("c-orders").await.unwrap();
    let thief: async_nats::jetstream::consumer::PullConsumer = stream.get_consumer(CONSUMER).await.unwrap();
    let mut taken = thief.fetch().max_messages(1).messages().await.unwrap();
    assert!(taken.next().await.is_some());
    let read = rest(reader).await;
    let error = format!("{:#}", read.err().unwrap());
    assert!(error.contains("is missing"), "{error}");
}

#[tokio::test]
async fn a_second_reading_ends_the_first_with_an_error() {
    let (world, broker) = orders().await;
    fill(&world, 20_000).await;
    let mut first = broker.read_events(&TIMERS, ReadFrom::Start, 20_000).await.unwrap();
    first.next_chunk(10).await.unwrap();
    let second = broker.read_events(&TIMERS, ReadFrom::Start, 20_000).await.unwrap();
    assert_eq!(rest(second).await.unwrap().len(), 20_000);
    assert!(rest(first).await.is_err());
}

#[tokio::test]
async fn a_stream_that_is_deleted_meanwhile_ends_the_reading_with_an_error_soon() {
    let (world, broker) = orders().await;
    fill(&world, 20_000).await;
    let mut reader = broker.read_events(&TIMERS, ReadFrom::Start, 20_000).await.unwrap();
    reader.next_chunk(10).await.unwrap();
    world.jetstream.delete_stream("c-orders").await.unwrap();
    let begin = Instant::now();
    assert!(rest(reader).await.is_err());
    assert!(begin.elapsed() < Duration::from_secs(8), "it took {:?}", begin.elapsed());
}

#[tokio::test]
async fn a_broker_that_is_gone_ends_the_reading_with_an_error_soon() {
    let (world, broker) = orders().await;
    fill(&world, 20_000).await;
    let mut reader = broker.read_events(&TIMERS, ReadFrom::Start, 20_000).await.unwrap();
    reader.next_chunk(10).await.unwrap();
    world.nats.kill().await.unwrap();
    let begin = Instant::now();
    assert!(rest(reader).await.is_err());
    assert!(begin.elapsed() < Duration::from_secs(8), "it took {:?}", begin.elapsed());
}
