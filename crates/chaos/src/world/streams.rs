//! Streams and consumers as the services would make them, but for how long a message may stay unanswered.
//!
//! An episode would otherwise wait half a minute for what a killed process had in hand. A service leaves what it finds.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use async_nats::jetstream;
use messaging::topology::{self, Topology};
use platform::CLUSTER;
use testkit::poll;

/// For the servers of a cluster to have found each other: until then there is no place for three copies.
const PLACED: Duration = Duration::from_secs(30);
/// Room for all streams on a small disk.
pub(super) const BYTES: i64 = 16 << 20;
/// Longer than any handler takes while nothing is broken.
const ACK_WAIT: Duration = Duration::from_secs(6);

/// To the servers with these addresses, which commas separate.
pub(crate) async fn connect(nats_url: &str) -> Result<jetstream::Context> {
    let addresses: Vec<&str> = nats_url.split(',').collect();
    Ok(jetstream::new(async_nats::connect(addresses).await.context("connect to NATS")?))
}

pub(super) async fn make(nats_url: &str, replicas: usize) -> Result<()> {
    let jetstream = connect(nats_url).await?;
    let made =
        poll(PLACED, async || make_all(&jetstream, replicas).await.map_err(|error| format!("{error:#}")));
    made.await.map_err(|last| anyhow!("{last}"))
}

/// What is there already stays as it is.
async fn make_all(jetstream: &jetstream::Context, replicas: usize) -> Result<()> {
    let topology = Topology::new(CLUSTER, replicas).with_stream_bytes(BYTES);
    for config in topology.streams() {
        let name = config.name.clone();
        jetstream.create_stream(config).await.with_context(|| format!("make the stream {name}"))?;
    }
    for (listener, subject) in topology::listeners() {
        let stream = topology.stream_name(subject.publisher());
        let mut config = topology::consumer(listener, subject);
        config.ack_wait = ACK_WAIT;
        let what = || format!("make the consumer of {subject} for {listener}");
        jetstream.create_consumer_on_stream(config, stream).await.with_context(what)?;
    }
    Ok(())
}
