//! Every event that is ever in a stream, read while it is there: a stream that goes back, or is deleted, can't tell any
//! more. What is lost between two looks the `listener` has heard, and what that one missed is read here.
//!
//! It asks for each message by its number and has no consumer, which would be one more thing to be lost.

use std::time::Duration;

use anyhow::{Context as _, Result};
use async_nats::{
    header::NATS_MESSAGE_ID,
    jetstream::{
        Context,
        message::StreamMessage,
        stream::{RawMessageErrorKind, Stream},
    },
};
use common::Service;
use futures_util::{StreamExt as _, stream};
use messaging::topology::Topology;
use platform::CLUSTER;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    notes::{Kept, Notes},
    wire::Wire,
};

/// Between two looks at a stream.
const PAUSE: Duration = Duration::from_millis(100);
/// For one answer of the broker.
const PATIENCE: Duration = Duration::from_secs(3);
/// Messages that are asked for at a time.
const AT_ONCE: usize = 32;

/// Follows every stream until it is dropped.
#[derive(Debug)]
pub(super) struct Recorder {
    _tasks: JoinSet<()>,
}

/// Up to where a stream was read.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Position {
    created_ns: i128,
    sequence: u64,
    stored_ns: i128,
}

impl Recorder {
    pub(super) fn start(wire: &Wire, notes: &Notes) -> Self {
        let mut tasks = JoinSet::new();
        let topology = Topology::new(CLUSTER, 1);
        for service in Service::ON_THE_BROKER {
            tasks.spawn(follow(wire.jetstream.clone(), topology.stream_name(service), notes.clone()));
        }
        Self { _tasks: tasks }
    }
}

async fn follow(jetstream: Context, name: String, notes: Notes) {
    let mut read: Option<Position> = None;
    loop {
        // A broker that is away is asked again.
        let look = timeout(PATIENCE * 3, look(&jetstream, &name, read, &notes)).await;
        if let Ok(Ok(position)) = look {
            read = position;
        }
        sleep(PAUSE).await;
    }
}

/// Reads what has come since, or everything, where the stream is not the one that it was.
async fn look(
    jetstream: &Context,
    name: &str,
    read: Option<Position>,
    notes: &Notes,
) -> Result<Option<Position>> {
    let stream = jetstream.get_stream(name).await.context("look at the stream")?;
    let info = stream.cached_info();
    let created_ns = info.created.unix_timestamp_nanos();
    let (first, last) = (info.state.first_sequence, info.state.last_sequence);
    let goes_on = match read {
        Some(position) => position.created_ns == created_ns && has(&stream, position).await?,
        None => false,
    };
    let from = if goes_on { read.map_or(first, |position| position.sequence + 1) } else { first };
    let mut position = if goes_on { read } else { None };
    let mut messages =
        stream::iter(from.max(1)..=last).map(|sequence| message(&stream, sequence)).buffered(AT_ONCE);
    while let Some(message) = messages.next().await {
        // One that was deleted meanwhile leaves a hole.
        let Some(message) = message? else { continue };
        let (sequence, stored_ns) = (message.sequence, message.time.unix_timestamp_nanos());
        position = Some(Position { created_ns, sequence, stored_ns });
        if let Some(event) = kept(message) {
            notes.sees(event);
        }
    }
    Ok(position)
}

/// Whether the stream still has what was read last.
async fn has(stream: &Stream, position: Position) -> Result<bool> {
    let info = &stream.cached_info().state;
    if info.last_sequence == position.sequence {
        return Ok(info.last_timestamp.unix_timestamp_nanos() == position.stored_ns);
    }
    let there = message(stream, position.sequence).await?;
    Ok(there.is_some_and(|there| there.time.unix_timestamp_nanos() == position.stored_ns))
}

async fn message(stream: &Stream, sequence: u64) -> Result<Option<StreamMessage>> {
    match timeout(PATIENCE, stream.get_raw_message(sequence)).await.context("no answer in time")? {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn kept(message: StreamMessage) -> Option<Kept> {
    let message_id = message.headers.get(NATS_MESSAGE_ID).map(|id| id.as_str().to_owned());
    let at_ms = i64::try_from(message.time.unix_timestamp_nanos() / 1_000_000).ok()?;
    Some(Kept { subject: message.subject.parse().ok()?, body: message.payload, message_id, at_ms })
}
