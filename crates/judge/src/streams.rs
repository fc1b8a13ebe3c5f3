//! What is stored on the broker, read independently of the services' own consumers.

use std::time::Duration;

use anyhow::{Context, Result};
use async_nats::jetstream::{self, Message, consumer::pull::OrderedConfig};
use bytes::Bytes;
use common::Service;
use futures_util::StreamExt as _;
use messaging::{dead_letter_header, topology::Topology};

/// Longer than a read of the largest stream takes.
const READ_LIMIT: Duration = Duration::from_secs(60);

/// One stored message.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its subject.
    pub subject: String,
    /// In its stream.
    pub sequence: u64,
    /// When the broker stored it, in ms since the Unix epoch.
    pub at_ms: i64,
    /// Its body.
    pub payload: Bytes,
    /// Why, for a dead letter.
    pub reason: Option<String>,
}

/// Every stream: those of the services, and the dead letters.
pub fn names(topology: &Topology) -> Vec<String> {
    let services = Service::ON_THE_BROKER.into_iter().map(|service| topology.stream_name(service));
    services.chain([topology.dead_letter_stream_name()]).collect()
}

/// Hands each message of a stream to `each`, from the first on and as they come, until it is dropped.
///
/// # Errors
/// When the stream can't be read (any more). Whoever has to see everything begins again.
pub async fn follow(
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
///
/// # Errors
/// When it can't be read, or not in a minute.
pub async fn read(jetstream: &jetstream::Context, stream: &str) -> Result<Vec<Stored>> {
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
            let message = message?;
            read.push(stored(&message)?);
            if is_last(&message) {
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

/// Whether nothing is behind it. Not told by counting: what is too old goes while the rest is read.
fn is_last(message: &Message) -> bool {
    message.info().is_ok_and(|info| info.pending == 0)
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
