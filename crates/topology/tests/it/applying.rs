//! What is changed in place, and what stays as it was.

use std::time::Duration;

use async_nats::jetstream::stream::Compression;
use common::{Service, event::Subject};
use futures_util::StreamExt as _;
use testkit::{Nats, eventually};

use crate::world::{consumer, info, jetstream, on, stream, wanted};

const CREATED: Subject = Subject::OrderCreated;

/// Stores events of orders behind the command's back.
#[expect(clippy::disallowed_methods, reason = "bytes of no event, which no service reads")]
async fn publish(jetstream: &async_nats::jetstream::Context, count: usize) {
    for _ in 0..count {
        jetstream.publish(CREATED.as_str(), "{}".into()).await.unwrap().await.unwrap();
    }
}

/// Takes that many, and acks them.
#[expect(clippy::disallowed_methods, reason = "there is no consumer loop here")]
async fn take(consumer: &async_nats::jetstream::consumer::PullConsumer, count: usize) {
    // Not `fetch`: a consumer hears of a message a moment after its publisher, and would answer that there is none.
    let batch = consumer.batch().max_messages(count).expires(Duration::from_secs(10)).messages();
    let mut messages = batch.await.unwrap();
    let mut taken = 0;
    while let Some(message) = messages.next().await {
        message.unwrap().double_ack().await.unwrap();
        taken += 1;
    }
    assert_eq!(taken, count);
}

#[tokio::test]
async fn settings_are_changed_in_place_and_events_and_places_are_kept() {
    let nats = Nats::start().await.unwrap();
    let context = jetstream(&nats).await;
    let orders = stream(&context, Service::Orders, |config| {
        config.max_age = Duration::from_secs(3_600);
        config.description = Some("by a person".to_owned());
        config.compression = Some(Compression::S2);
    })
    .await;
    let pulled = consumer(&orders, Service::Expiration, CREATED, |config| {
        config.ack_wait = Duration::from_secs(5);
        config.description = Some("by a person".to_owned());
    })
    .await;
    publish(&context, 5).await;
    take(&pulled, 3).await;

    let shown = on(&nats, &[]).await;
    assert_eq!(shown.code, 3, "{shown:?}");
    let differs = "stream c-orders: differs\n  max_age is 3600s, wanted 604800s";
    assert_eq!(shown.line("c-orders"), differs);
    let differs = "consumer expiration-order-created: differs\n  ack_wait is 5s, wanted 30s";
    assert_eq!(shown.line("expiration-order-created"), differs);

    let applied = on(&nats, &["apply"]).await;
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(applied.line("c-orders"), "stream c-orders: changed\n  max_age was 3600s, is 604800s");
    let changed = "consumer expiration-order-created: changed\n  ack_wait was 5s, is 30s";
    assert_eq!(applied.line("expiration-order-created"), changed);
    assert!(applied.stdout.contains("19 created, 2 changed, 0 were as wanted"), "{applied:?}");
    assert_eq!(on(&nats, &["apply"]).await.code, 0);

    let there = orders.get_info().await.unwrap();
    assert_eq!(there.config.max_age, wanted().stream(Service::Orders).max_age);
    assert_eq!((there.state.messages, there.state.first_sequence), (5, 1));
    // What nobody here has an opinion of is not touched.
    assert_eq!(there.config.description.as_deref(), Some("by a person"));
    assert_eq!(there.config.compression, Some(Compression::S2));
    let there = info(&nats, Service::Expiration, CREATED).await;
    assert_eq!(there.config.ack_wait, Duration::from_secs(30));
    assert_eq!(there.config.description.as_deref(), Some("by a person"));
    assert_eq!((there.ack_floor.stream_sequence, there.num_pending), (3, 2));
}

#[tokio::test]
async fn a_consumer_that_hears_more_than_it_should_keeps_its_place_too() {
    let nats = Nats::start().await.unwrap();
    let context = jetstream(&nats).await;
    let orders = stream(&context, Service::Orders, |_| {}).await;
    let pulled = consumer(&orders, Service::Tickets, CREATED, |config| {
        config.filter_subject = String::new();
        config.filter_subjects = ["order:created", "order:cancelled"].map(str::to_owned).to_vec();
    })
    .await;
    publish(&context, 4).await;
    take(&pulled, 2).await;
    let applied = on(&nats, &["apply"]).await;
    assert_eq!(applied.code, 0, "{applied:?}");
    let there = info(&nats, Service::Tickets, CREATED).await;
    assert_eq!(
        (there.config.filter_subject.as_str(), there.config.filter_subjects.len()),
        ("order:created", 0)
    );
    assert_eq!((there.ack_floor.stream_sequence, there.num_pending), (2, 2));
}

#[tokio::test]
async fn a_service_that_waits_for_its_next_event_meanwhile_gets_it() {
    let nats = Nats::start().await.unwrap();
    let context = jetstream(&nats).await;
    let orders = stream(&context, Service::Orders, |config| config.max_age = Duration::from_secs(600)).await;
    let pulled = consumer(&orders, Service::Expiration, CREATED, |config| {
        config.ack_wait = Duration::from_secs(60);
        config.max_ack_pending = 7;
    })
    .await;
    let mut messages = pulled.messages().await.unwrap();
    let applied = async {
        eventually("it waits", Duration::from_secs(5), async || {
            match info(&nats, Service::Expiration, CREATED).await.num_waiting {
                1 => Ok(()),
                other => Err(format!("{other} wait")),
            }
        })
        .await;
        let applied = on(&nats, &["apply"]).await;
        assert!(applied.code == 0 && applied.stdout.contains(" 2 changed"), "{applied:?}");
        publish(&context, 1).await;
    };
    let next = tokio::time::timeout(Duration::from_secs(10), messages.next());
    let (next, ()) = tokio::join!(next, applied);
    assert_eq!(next.unwrap().unwrap().unwrap().info().unwrap().stream_sequence, 1);
}

#[tokio::test]
async fn a_subject_that_a_release_adds_is_taken_by_the_stream_that_is_there() {
    let nats = Nats::start().await.unwrap();
    let context = jetstream(&nats).await;
    // As the release before `order:created` made it.
    let orders = stream(&context, Service::Orders, |config| {
        config.subjects.retain(|subject| subject != CREATED.as_str());
    })
    .await;
    let applied = on(&nats, &["apply"]).await;
    assert_eq!(applied.code, 0, "{applied:?}");
    let told = applied.line("c-orders");
    let (before, after) = told.split_once("], is [").unwrap();
    assert!(!before.contains("order:created") && after.contains("order:created"), "{told}");
    publish(&context, 1).await;
    assert_eq!(orders.get_info().await.unwrap().state.messages, 1);
}

#[tokio::test]
async fn two_at_once_do_not_disturb_each_other() {
    let nats = Nats::start().await.unwrap();
    let orders = stream(&jetstream(&nats).await, Service::Orders, |config| config.max_messages = 9).await;
    consumer(&orders, Service::Expiration, CREATED, |config| config.max_ack_pending = 7).await;
    let apply = || on(&nats, &["apply"]);
    let ended = tokio::join!(apply(), apply(), apply(), apply());
    for ended in [ended.0, ended.1, ended.2, ended.3] {
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    assert_eq!(on(&nats, &[]).await.code, 0);
}
