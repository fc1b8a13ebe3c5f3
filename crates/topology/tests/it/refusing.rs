//! What can't be changed in place, or would lose something: it stays, and everything else is applied.

use std::time::Duration;

use async_nats::jetstream::{
    consumer::{AckPolicy, DeliverPolicy},
    stream::{self, RetentionPolicy, StorageType},
};
use common::{Service, event::Subject};
use testkit::Nats;

use crate::world::{consumer, info, jetstream, on, stream};

const CREATED: Subject = Subject::OrderCreated;

#[tokio::test]
async fn what_cannot_be_changed_in_place_stays_and_all_else_is_applied() {
    let nats = Nats::start().await.unwrap();
    let context = jetstream(&nats).await;
    let tickets = stream(&context, Service::Tickets, |config| {
        config.storage = StorageType::Memory;
        config.duplicate_window = Duration::from_secs(1);
    })
    .await;
    let payments =
        stream(&context, Service::Payments, |config| config.retention = RetentionPolicy::WorkQueue).await;
    let orders = stream(&context, Service::Orders, |config| config.max_bytes = 1_000_000).await;
    consumer(&orders, Service::Expiration, CREATED, |config| config.deliver_policy = DeliverPolicy::New)
        .await;
    consumer(&orders, Service::Tickets, CREATED, |config| config.ack_policy = AckPolicy::None).await;

    let applied = on(&nats, &["apply"]).await;
    assert_eq!(applied.code, 3, "{applied:?}");
    let told = applied.line("c-tickets");
    assert!(told.contains("storage is Memory, wanted File") && told.contains("duplicate_window"), "{told}");
    assert!(told.contains("stays as it is: the broker changes storage in no stream"), "{told}");
    assert!(applied.line("c-payments").contains("the broker changes retention in no stream"), "{applied:?}");
    for (name, setting) in [("expiration", "deliver_policy"), ("tickets", "ack_policy")] {
        let told = applied.line(&format!("{name}-order-created"));
        assert!(told.contains(&format!("the broker changes {setting} in no consumer")), "{told}");
    }
    assert_eq!(applied.line("c-orders"), "stream c-orders: changed\n  max_bytes was 1000000, is 1073741824");
    assert!(
        applied.stdout.contains("16 created, 1 changed, 0 were as wanted, 4 still differ"),
        "{applied:?}"
    );

    let there = tickets.get_info().await.unwrap().config;
    assert_eq!((there.storage, there.duplicate_window), (StorageType::Memory, Duration::from_secs(1)));
    assert_eq!(payments.get_info().await.unwrap().config.retention, RetentionPolicy::WorkQueue);
    assert_eq!(info(&nats, Service::Expiration, CREATED).await.config.deliver_policy, DeliverPolicy::New);
    let shown = on(&nats, &["--json"]).await.json();
    let differ = shown["items"].as_array().unwrap().iter().filter(|item| item["state"] == "differs");
    assert!(
        differ.clone().count() == 4 && differ.clone().all(|item| item["obstacles"][0].is_string()),
        "{shown:#}"
    );
}

#[tokio::test]
async fn what_the_broker_refuses_is_told_in_its_words_and_changes_nothing() {
    let nats = Nats::start().await.unwrap();
    let context = jetstream(&nats).await;
    stream(&context, Service::Orders, |config| config.subjects = vec![CREATED.to_string()]).await;
    let elsewhere = stream::Config {
        name: "elsewhere".to_owned(),
        subjects: vec![Subject::OrderCancelled.to_string()],
        ..stream::Config::default()
    };
    context.create_stream(elsewhere).await.unwrap();
    let applied = on(&nats, &["apply"]).await;
    assert_eq!(applied.code, 3, "another stream has the subject: {applied:?}");
    let told = applied.line("c-orders");
    assert!(told.contains("subjects is") && told.contains("the broker refuses it"), "{told}");
    let there = context.get_stream("c-orders").await.unwrap().cached_info().config.subjects.clone();
    assert_eq!(there, [CREATED.to_string()]);
}
