//! What is stored on the broker, read independently of the services' own consumers.

use common::Service;
use std::{sync::OnceLock, time::Duration};

use anyhow::{Context, Result};
use async_nats::jetstream::{self, Message, consumer::pull::OrderedConfig};
use bytes::Bytes;

use futures_util::StreamExt as _;
use messaging::{dead_letter_header, topology::Topology};

use platform::CLUSTER;

/// Longer than a read of the largest stream takes.
const READ_LIMIT: Duration = Duration::from_secs(60);

/// One stored message.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) subject: String,
    /// In its stream.
    pub(super) sequence: u64,
    /// When the broker stored it, in ms since the Unix epoch.
    pub(super) at_ms: i64,
    pub(super) payload: Bytes,
    /// Why, for a dead letter.
    pub(super) reason: Option<String>,
}

/// Names of streams and consumers.
pub(super) fn topology() -> &'static Topology {
    static TOPOLOGY: OnceLock<Topology> = OnceLock::new();
    TOPOLOGY.get_or_init(|| Topology::new(CLUSTER, 1))
}

/// Every stream: those of the services, and the dead letters.
pub(super) fn names() -> Vec<String> {
    let services = Service::ON_THE_BROKER.into_iter().map(|service| topology().stream_name(service));
    services.chain([topology().dead_letter_stream_name()]).collect()
}

/// Hands each message of a stream to `each`, from the first on and as they come, until it is dropped.
pub(super) async fn follow(
    jetstream: &jetstream::Context,
    stream: &str,
    mut each: impl FnMut(Stored),
) -> Result<()> {
    let mut messages = messages(jetstream, stream).await?;
    while let Some(message) = messages.next().await {
        // The ordered consumer begins again by itself where a message is missing.
        let Ok(message) = message else { continue };
        each(stored(&message)?);
    }
    Ok(())
}

/// All that is in a stream now.
pub(super) async fn read(jetstream: &jetstream::Context, stream: &str) -> Result<Vec<Stored>> {
    let mut handle =
        jetstream.get_stream(stream).await.with_context(|| format!("look up stream {stream}"))?;
    let count = handle.info().await.with_context(|| format!("look at stream {stream}"))?.state.messages;
    let mut read = Vec::new();
    if count == 0 {
        return Ok(read);
    }
    let reading = async {
        let mut messages = messages(jetstream, stream).await?;
        while let Some(message) = messages.next().await {
            read.push(stored(&message?)?);
            if read.len() as u64 == count {
                break;
            }
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(READ_LIMIT, reading)
        .await
        .with_context(|| format!("read the {count} messages of stream {stream} within {READ_LIMIT:?}"))??;
    Ok(read)
}

async fn messages(
    jetstream: &jetstream::Context,
    stream: &str,
) -> Result<jetstream::consumer::pull::Ordered> {
    let what = || format!("read stream {stream}");
    let handle = jetstream.get_stream(stream).await.with_context(what)?;
    let consumer = handle.create_consumer(OrderedConfig::default()).await.with_context(what)?;
    consumer.messages().await.with_context(what)
}

fn stored(message: &Message) -> Result<Stored> {
    let info = message.info().map_err(|error| anyhow::anyhow!(error).context("read a reply subject"))?;
    let nanos = info.published.unix_timestamp_nanos();
    let reason = message.headers.as_ref().and_then(|headers| headers.get(dead_letter_header::REASON));
    Ok(Stored {
        subject: message.subject.to_string(),
        sequence: info.stream_sequence,
        at_ms: i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX),
        payload: message.payload.clone(),
        reason: reason.map(|reason| reason.as_str().to_owned()),
    })
}
