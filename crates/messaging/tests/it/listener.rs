//! Overhearing: events as they are published, and a word for what was missed.

use common::{Service, event::Subject};
use messaging::{Heard, Listener};
use process::health::Health;
use tokio::time::timeout;

use crate::{
    readiness::{ready, unready},
    world::{LONG, World, settings},
};

/// An event's subject and body, or nothing for a gap.
async fn heard(listener: &mut Listener) -> Option<(Subject, String)> {
    match timeout(LONG, listener.next()).await.unwrap() {
        Heard::Event { subject, body } => Some((subject, String::from_utf8(body.to_vec()).unwrap())),
        Heard::Gap => None,
    }
}

#[expect(clippy::disallowed_methods, reason = "this plays every service")]
async fn publish(world: &World, subject: &str, body: &'static str) {
    let client = async_nats::connect(world.nats.url()).await.unwrap();
    client.publish(subject.to_owned(), body.into()).await.unwrap();
    client.flush().await.unwrap();
}

#[tokio::test]
async fn events_are_heard_as_they_are_published_and_every_new_connection_is_a_gap() {
    let world = World::start().await;
    let health = Health::new();
    let mut listener =
        Listener::connect(Service::Client, &settings(&world.nats.url()).servers, &health).await.unwrap();
    assert_eq!(heard(&mut listener).await, None, "nothing was heard before");
    for nth in ["1", "2"] {
        publish(&world, "order:created", "not for its ears").await;
        publish(&world, "ticket:updated", nth).await;
        assert_eq!(heard(&mut listener).await, Some((Subject::TicketUpdated, nth.to_owned())));
        world.nats.kill().await.unwrap();
        world.nats.restart().await.unwrap();
        assert_eq!(heard(&mut listener).await, None);
    }
}

/// More than the client keeps for a reader, by so much that it is full though on a busy machine it is far behind the broker.
const MORE_THAN_IS_KEPT: usize = 300_000;

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "this plays every service")]
async fn what_comes_faster_than_it_is_read_is_a_gap() {
    let world = World::start().await;
    let mut listener =
        Listener::connect(Service::Client, &settings(&world.nats.url()).servers, &Health::new())
            .await
            .unwrap();
    assert_eq!(heard(&mut listener).await, None, "nothing was heard before");
    let client = async_nats::connect(world.nats.url()).await.unwrap();
    for _ in 0..MORE_THAN_IS_KEPT {
        client.publish("ticket:updated", "1".into()).await.unwrap();
    }
    client.flush().await.unwrap();
    for nth in 0..=MORE_THAN_IS_KEPT {
        if heard(&mut listener).await.is_none() {
            return;
        }
        assert!(nth < MORE_THAN_IS_KEPT, "all were heard, and none was kept too long");
    }
}

#[tokio::test]
async fn readiness_follows_the_connection_and_once_ready_it_is_only_a_remark() {
    let world = World::start().await;
    let health = Health::new();
    let mut listener =
        Listener::connect(Service::Client, &settings(&world.nats.url()).servers, &health).await.unwrap();
    unready(&health, "nats is not ready: not connected yet").await;
    let listening = tokio::spawn(async move {
        loop {
            listener.next().await;
        }
    });
    ready(&health).await;
    world.nats.kill().await.unwrap();
    testkit::eventually("it says what is missing", LONG, async || match &health.remarks()[..] {
        [remark] if remark.contains("nats") => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert!(health.readyz().is_ok());
    listening.abort();
}
