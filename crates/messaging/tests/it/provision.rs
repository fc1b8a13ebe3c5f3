//! What is missing is created as the design says; what is there is left alone.

use std::time::Duration;

use async_nats::jetstream::{consumer, stream};
use common::{Service, event::Subject};
use futures_util::future::join_all;
use messaging::topology;
use testkit::eventually;

use crate::{
    handling::{Seen, content},
    world::{CONSUMER, DEAD_LETTERS, LONG, Replica, STREAM, World, options, topology},
};

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

async fn stream_config(world: &World, name: &str) -> stream::Config {
    eventually(&format!("stream {name} is there"), LONG, async || world.stream(name).await)
        .await
        .cached_info()
        .config
        .clone()
}

#[tokio::test]
async fn every_stream_and_consumer_is_created_with_exactly_the_settings_of_the_design() {
    let world = World::start().await;
    let replica = world.replica(content(&Seen::default()), options(10, 2, 5)).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let watch = tokio::spawn(world.broker().await.watch(stop.clone()));
    for (name, subjects, max_age, discard) in [
        ("c-tickets", vec!["ticket:created", "ticket:updated"], Duration::ZERO, stream::DiscardPolicy::New),
        (
            "c-orders",
            vec!["order:created", "order:cancelled", "order:completed", "order:extended", "payment:rejected"],
            WEEK,
            stream::DiscardPolicy::New,
        ),
        ("c-expiration", vec!["expiration:complete"], WEEK, stream::DiscardPolicy::New),
        ("c-payments", vec!["payment:created", "payment:settled"], WEEK, stream::DiscardPolicy::New),
        ("c-dead-letters", vec!["dead-letter.>"], Duration::ZERO, stream::DiscardPolicy::New),
    ] {
        let found = stream_config(&world, name).await;
        assert_eq!(found.subjects, subjects, "{name}");
        assert_eq!(found.max_age, max_age, "{name}");
        assert_eq!(found.discard, discard, "{name}");
        assert_eq!(found.retention, stream::RetentionPolicy::Limits, "{name}");
        assert_eq!(found.storage, stream::StorageType::File, "{name}");
        assert_eq!(found.duplicate_window, Duration::from_secs(120), "{name}");
        assert_eq!(found.num_replicas, 1, "{name}");
        assert_eq!(found.max_messages, if name == DEAD_LETTERS { 1_000_000 } else { -1 }, "{name}");
        assert_eq!((found.max_bytes, found.max_messages_per_subject), (1 << 30, -1), "{name}");
    }
    let found = eventually("the consumer is there", LONG, async || world.consumer().await).await.config;
    assert_eq!(found.durable_name.as_deref(), Some(CONSUMER));
    assert_eq!((found.filter_subject.as_str(), found.deliver_subject), ("expiration:complete", None));
    assert_eq!(found.deliver_policy, consumer::DeliverPolicy::All);
    assert_eq!(found.ack_policy, consumer::AckPolicy::Explicit);
    assert_eq!((found.ack_wait, found.max_ack_pending), (Duration::from_secs(30), 10_000));
    assert_eq!((found.max_deliver, found.backoff), (-1, vec![]));
    stop.cancel();
    watch.await.unwrap();
    replica.stop().await;
}

#[tokio::test]
async fn what_is_there_with_other_settings_is_used_and_never_changed() {
    let world = World::start().await;
    let other_stream = stream::Config {
        max_age: Duration::from_secs(3_600),
        duplicate_window: Duration::from_secs(60),
        max_bytes: 10_000_000,
        ..topology().stream(Service::Expiration)
    };
    let stream = world.jetstream.create_stream(other_stream).await.unwrap();
    let wanted = topology::consumer(Service::Orders, Subject::ExpirationComplete);
    let other_consumer =
        consumer::pull::Config { ack_wait: Duration::from_secs(7), max_ack_pending: 77, ..wanted };
    stream.create_consumer(other_consumer).await.unwrap();
    let stream_before = stream_config(&world, STREAM).await;
    let consumer_before = world.consumer().await.unwrap().config;
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    world.publish("o").await;
    eventually("the event is handled", LONG, async || {
        match seen.count("o") {
            0 => Err("not yet"),
            _ => Ok(()),
        }
        .map_err(str::to_owned)
    })
    .await;
    assert_eq!(stream_config(&world, STREAM).await, stream_before);
    assert_eq!(world.consumer().await.unwrap().config, consumer_before);
    replica.stop().await;
}

#[tokio::test]
async fn replicas_that_start_at_the_same_instant_on_an_empty_broker_all_listen() {
    let world = World::start().await;
    let seen = Seen::default();
    let starts = (0..6).map(|_| world.replica(content(&seen), options(10, 2, 5)));
    let replicas = join_all(starts).await;
    eventually("all of them pull", LONG, async || match world.consumer().await?.num_waiting {
        6 => Ok(()),
        waiting => Err(format!("{waiting} pulls wait")),
    })
    .await;
    world.publish_all((0..60).map(|n| format!("o{n}"))).await;
    world.drained().await;
    assert_eq!(seen.total(), 60);
    join_all(replicas.into_iter().map(Replica::stop)).await;
}

#[tokio::test]
async fn streams_of_the_same_cluster_in_other_hands_are_a_refusal_that_names_the_next_step() {
    let world = World::start().await;
    let taken = stream::Config {
        name: "somebody-else".to_owned(),
        subjects: vec!["expiration:complete".to_owned()],
        ..stream::Config::default()
    };
    world.jetstream.create_stream(taken).await.unwrap();
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    assert!(world.stream(STREAM).await.is_err());
    world.jetstream.delete_stream("somebody-else").await.unwrap();
    eventually("it listens after all", LONG, async || world.consumer().await).await;
    replica.stop().await;
}

#[tokio::test]
async fn the_audit_is_made_by_console_and_takes_nothing_back() {
    let world = World::start().await;
    let stop = tokio_util::sync::CancellationToken::new();
    let console = world.broker_of(Service::Console).await;
    let watch = tokio::spawn(console.watch(stop.clone()));
    let found = stream_config(&world, "c-audit").await;
    assert_eq!(found.subjects, ["audit.>"]);
    assert!(found.deny_delete && found.deny_purge);
    assert_eq!((found.max_age, found.discard), (Duration::ZERO, stream::DiscardPolicy::New));
    assert_eq!(found.retention, stream::RetentionPolicy::Limits);
    assert!(world.stream("c-replays").await.is_err(), "it is made with the first replay");
    assert!(world.stream("c-orders").await.is_err(), "events' streams are made by their services");
    stop.cancel();
    watch.await.unwrap();
}
