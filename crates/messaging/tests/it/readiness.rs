//! `nats` is ready as long as there is a connection, with every stream that the service needs.

use common::Service;
use messaging::topology::Topology;
use process::health::Health;
use testkit::eventually;
use tokio_util::sync::CancellationToken;

use crate::world::{LONG, World, topology};

pub(crate) async fn ready(health: &Health) {
    eventually("it is ready", LONG, async || health.readyz()).await;
}

pub(crate) async fn unready(health: &Health, reason: &str) {
    eventually(&format!("it is not ready: {reason}"), LONG, async || match health.readyz() {
        Err(complaint) if complaint.contains(reason) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[tokio::test]
async fn readiness_follows_the_connection() {
    let world = World::start().await;
    let (health, stop) = (Health::new(), CancellationToken::new());
    let broker = world.broker_with(&health).await;
    let watch = tokio::spawn(broker.watch(stop.clone()));
    ready(&health).await;
    world.nats.kill().await.unwrap();
    unready(&health, "nats is not ready: not connected to NATS").await;
    world.nats.restart().await.unwrap();
    ready(&health).await;
    stop.cancel();
    watch.await.unwrap();
}

#[tokio::test]
async fn a_service_is_ready_when_every_stream_it_needs_is_there_also_after_a_wipe() {
    let world = World::start().await;
    let (health, stop) = (Health::new(), CancellationToken::new());
    let watch = tokio::spawn(world.broker_with(&health).await.watch(stop.clone()));
    let names: Vec<_> =
        topology().streams_of(Service::Orders).into_iter().map(|stream| stream.name).collect();
    for _ in 0..2 {
        ready(&health).await;
        eventually("every stream is there", LONG, async || {
            for name in &names {
                world.stream(name).await?;
            }
            Ok(())
        })
        .await;
        world.nats.wipe_and_restart().await.unwrap();
    }
    stop.cancel();
    watch.await.unwrap();
}

#[tokio::test]
async fn a_refused_creation_is_not_ready_and_ready_as_soon_as_it_is_allowed() {
    let world = World::start().await;
    // Overlapping subjects: the server refuses the stream that the service wants.
    let mut taken = Topology::new("somebody-else", 1).stream(Service::Orders);
    taken.subjects.truncate(1);
    world.jetstream.create_stream(taken).await.unwrap();
    let (health, stop) = (Health::new(), CancellationToken::new());
    let watch = tokio::spawn(world.broker_with(&health).await.watch(stop.clone()));
    unready(&health, "could not create stream \"c-orders\"").await;
    world.jetstream.delete_stream("somebody-else-orders").await.unwrap();
    ready(&health).await;
    stop.cancel();
    watch.await.unwrap();
}
