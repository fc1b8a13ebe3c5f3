//! Encrypted connections: to whom the broker's certificate proves that it is itself, and never a plain one instead.

use common::Service;
use std::path::Path;

use async_nats::ServerAddr;

use messaging::Broker;
use messaging::NatsSettings;
use process::{config::Environment, health::Health};
use testkit::{Certificates, Nats};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    readiness::{ready, unready},
    world::World,
};

async fn world(certificates: &Certificates) -> World {
    let path = certificates.directory().display();
    World::start_with(&format!(
        "tls {{ cert_file: \"{path}/server.pem\", key_file: \"{path}/server.key\" }}\nallow_non_tls: true"
    ))
    .await
}

fn settings(nats_url: &str, ca_file: Option<&Path>) -> NatsSettings {
    let mut variables = vec![("NATS_URL", nats_url), ("NATS_CLUSTER_ID", "c")];
    variables.extend(ca_file.map(|path| ("NATS_CA_FILE", path.to_str().unwrap())));
    let mut env = Environment::from_pairs(variables);
    let settings = NatsSettings::read(&mut env);
    env.finish(settings).unwrap()
}

fn tls_url(nats: &Nats) -> String {
    nats.url().replace("nats://", "tls://")
}

/// A service with these settings, for as long as the health is of interest.
async fn watched(settings: &NatsSettings) -> (Health, JoinHandle<()>) {
    let health = Health::new();
    let broker = Broker::connect(Service::Orders, settings, &health).await.unwrap();
    let mut watch = Box::pin(broker.watch(CancellationToken::new()));
    // Nothing has to be ready before the first poll, and so everything would be.
    assert!(futures_util::poll!(watch.as_mut()).is_pending());
    (health, tokio::spawn(watch))
}

#[tokio::test]
async fn a_broker_with_a_certificate_of_the_named_authority_is_used() {
    let certificates = Certificates::new().unwrap();
    let world = world(&certificates).await;
    let settings = settings(&tls_url(&world.nats), Some(&certificates.path("ca.pem")));
    let (health, _watch) = watched(&settings).await;
    ready(&health).await;
    world.stream("c-orders").await.unwrap();
}

#[tokio::test]
async fn a_broker_with_a_certificate_of_anybody_else_is_not_used_and_the_reason_is_told() {
    let certificates = Certificates::new().unwrap();
    let world = world(&certificates).await;
    let other = certificates.path("other.pem");
    for ca_file in [Some(other.as_path()), None] {
        let (health, _watch) = watched(&settings(&tls_url(&world.nats), ca_file)).await;
        unready(&health, "not connected to NATS: IO error: invalid peer certificate").await;
    }
    assert!(world.stream("c-orders").await.is_err(), "somebody has spoken to the broker");
}

#[tokio::test]
async fn one_address_with_tls_is_enough_to_speak_to_no_server_without_it() {
    let plain = World::start().await;
    let mut settings = settings(&plain.nats.url(), None);
    let (health, watch) = watched(&settings).await;
    ready(&health).await;
    watch.abort();
    // Nobody listens there.
    settings.servers.addresses.push("tls://127.0.0.1:1".parse::<ServerAddr>().unwrap());
    let (health, _watch) = watched(&settings).await;
    unready(&health, "received corrupt message").await;
}

#[test]
fn an_authority_is_a_mistake_if_it_is_unreadable_or_no_address_has_tls() {
    let certificates = Certificates::new().unwrap();
    let ca_file = certificates.path("ca.pem");
    for (url, path, told) in [
        ("nats://a", ca_file.to_str().unwrap(), "expected an address in NATS_URL that begins with tls://"),
        ("tls://a", "/nowhere/ca.pem", "`/nowhere/ca.pem` can't be read"),
    ] {
        let mut env = Environment::from_pairs([("NATS_URL", url), ("NATS_CA_FILE", path)]);
        let settings = NatsSettings::read(&mut env);
        let mistakes = env.finish(settings).unwrap_err().to_string();
        assert!(mistakes.contains("1 mistake") && mistakes.contains("  NATS_CA_FILE: "), "{mistakes}");
        assert!(mistakes.contains(told), "{mistakes}");
    }
}
