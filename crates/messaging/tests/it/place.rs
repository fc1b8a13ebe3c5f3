//! A place is found again in the stream that it is of, and in no other that looks like it.

use std::time::Duration;

use common::{Service, event::Subject};
use messaging::{Broker, Place};

use crate::world::{STREAM, World};

async fn publish(world: &World, count: usize) {
    world.publish_all((0..count).map(|n| format!("o{n}"))).await;
}

/// With a stream of ten messages.
async fn ten() -> (World, Broker) {
    let world = World::start().await;
    let broker = world.broker_of(Service::Expiration).await;
    world.create_stream().await;
    publish(&world, 10).await;
    (world, broker)
}

async fn last(broker: &Broker) -> Place {
    broker.last_place(Service::Expiration).await.unwrap().unwrap()
}

async fn has(broker: &Broker, place: Place) -> bool {
    broker.still_has(Service::Expiration, place).await.unwrap()
}

#[tokio::test]
async fn a_place_is_found_at_its_sequence_as_long_as_the_stream_has_it() {
    let (world, broker) = ten().await;
    let last = last(&broker).await;
    assert_eq!(last.sequence, 10);
    let middle = broker.place_at(Service::Expiration, 5).await.unwrap().unwrap();
    assert!(middle.sequence == 5 && middle.stored_ns < last.stored_ns, "{middle:?} {last:?}");
    assert_eq!(broker.place_at(Service::Expiration, 10).await.unwrap(), Some(last));
    assert_eq!(broker.place_at(Service::Expiration, 11).await.unwrap(), None);
    let first = Place { sequence: 0, stored_ns: 0, ..last };
    for place in [first, middle, last] {
        assert!(has(&broker, place).await, "{place:?}");
    }
    let another_instant = Place { stored_ns: middle.stored_ns + 1, ..middle };
    let too_far = Place { sequence: 11, ..last };
    let another_stream = Place { created_ns: last.created_ns - 1, ..middle };
    for place in [another_instant, too_far, another_stream] {
        assert!(!has(&broker, place).await, "{place:?}");
    }
    world.nats.restart().await.unwrap();
    assert!(has(&broker, last).await, "it survives a restart");
}

#[tokio::test]
async fn a_stream_that_was_deleted_and_made_anew_has_no_place_of_the_one_before() {
    let (world, broker) = ten().await;
    let before = last(&broker).await;
    world.jetstream.delete_stream(STREAM).await.unwrap();
    assert_eq!(broker.last_place(Service::Expiration).await.unwrap(), None);
    assert_eq!(broker.place_at(Service::Expiration, 1).await.unwrap(), None);
    assert!(!has(&broker, before).await, "there is no stream");
    world.create_stream().await;
    let empty = last(&broker).await;
    assert_eq!((empty.sequence, empty.stored_ns), (0, 0));
    publish(&world, 20).await;
    assert!(has(&broker, empty).await);
    assert!(!has(&broker, before).await, "it has grown again");
    assert!(!has(&broker, Place { sequence: 0, stored_ns: 0, ..before }).await);
}

#[tokio::test]
async fn a_stream_restored_from_an_older_copy_lacks_what_came_later_also_when_it_has_grown_again() {
    let (world, broker) = ten().await;
    let kept = last(&broker).await;
    let older = world.nats.snapshot_files().await.unwrap();
    publish(&world, 5).await;
    let lost = last(&broker).await;
    assert_eq!(lost.sequence, 15);
    world.nats.restore_files(&older).await.unwrap();
    assert!(!has(&broker, lost).await, "it is shorter");
    publish(&world, 10).await;
    assert_eq!(last(&broker).await.created_ns, lost.created_ns, "it is the same stream by its creation");
    assert!(!has(&broker, lost).await, "another message has its sequence");
    assert!(has(&broker, kept).await);
}

#[tokio::test]
async fn what_fell_out_of_the_retention_counts_as_there() {
    let (world, broker) = ten().await;
    let middle = broker.place_at(Service::Expiration, 5).await.unwrap().unwrap();
    let end = last(&broker).await;
    world.stream(STREAM).await.unwrap().purge().sequence(8).await.unwrap();
    assert!(has(&broker, middle).await && has(&broker, end).await);
    assert_eq!(broker.place_at(Service::Expiration, 5).await.unwrap(), None);
    world.stream(STREAM).await.unwrap().purge().await.unwrap();
    let state = broker.stream_state(Service::Expiration).await.unwrap().unwrap();
    assert_eq!((state.first_sequence, state.last_sequence), (11, 10));
    world.nats.restart().await.unwrap();
    assert!(has(&broker, end).await, "the last message that there was");
    assert!(has(&broker, last(&broker).await).await);
}

#[tokio::test]
async fn a_message_deleted_from_the_middle_counts_as_lost() {
    let (world, broker) = ten().await;
    let middle = broker.place_at(Service::Expiration, 5).await.unwrap().unwrap();
    world.stream(STREAM).await.unwrap().delete_message(5).await.unwrap();
    assert!(!has(&broker, middle).await);
    assert!(has(&broker, last(&broker).await).await);
}

#[tokio::test]
async fn how_long_a_stream_keeps_a_message_is_what_the_broker_says() {
    let (world, broker) = ten().await;
    let retention =
        async |publisher| broker.stream_state(publisher).await.unwrap().and_then(|state| state.max_age);
    assert_eq!(retention(Service::Expiration).await, Some(messaging::topology::MAX_AGE));
    assert_eq!(retention(Service::Orders).await, None, "there is no stream");
    let stream = world.stream(STREAM).await.unwrap();
    let max_age = Duration::from_secs(200);
    let shorter = async_nats::jetstream::stream::Config { max_age, ..stream.cached_info().config.clone() };
    world.jetstream.update_stream(shorter).await.unwrap();
    assert_eq!(retention(Service::Expiration).await, Some(max_age));
    let tickets = crate::world::topology().stream(Subject::TicketCreated.publisher());
    world.jetstream.create_stream(tickets).await.unwrap();
    assert_eq!(retention(Service::Tickets).await, None, "for ever");
}
