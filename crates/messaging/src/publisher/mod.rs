//! The way out: events are stored with a stable id, and each is answered for.

mod ack_inbox;
mod publish_batch;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use metrics::{Counter, counter};
use process::telemetry::begin_at_zero;
use tokio::sync::Semaphore;

use super::Provisioner;
use ack_inbox::AckInboxes;
use common::{event::Subject, traceparent::Traceparent};
pub use publish_batch::PublishBatch;

/// How long a publish may wait for its PubAck before it counts as unknown.
pub(super) const PUBACK_TIMEOUT: Duration = Duration::from_secs(3);
/// How many publishes of one process may await their PubAck; more wait their turn.
const MAX_IN_FLIGHT: u32 = 8_192;
/// Publishes that wait for their turn together.
const CHUNK: usize = 1_024;

/// One event on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Where it goes.
    pub subject: Subject,
    /// Stable id of the fact (`Nats-Msg-Id`): publishing it again within the duplicate window stores nothing.
    pub message_id: String,
    /// Trace context of the request that caused it.
    pub traceparent: Option<Traceparent>,
    /// A [`ClaimHeader`](super::ClaimHeader) in writing: one text for all the events of a claim.
    pub claim: Option<Arc<str>>,
    /// The bare body.
    pub payload: Bytes,
}

/// That an event is stored, be it now or by an earlier publish with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its sequence in its stream: that of the first one if it was published before.
    pub sequence: u64,
    /// It was published before with the same id.
    pub duplicate: bool,
}

/// Why an event is not known to be stored.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// No answer, or one that says nothing about this message: it may or may not be stored. Publish it again with
    /// the same id.
    #[error(
        "{subject} {message_id} may or may not be stored ({ambiguity}): publish it again with the same id"
    )]
    Unknown {
        /// Where it was going.
        subject: Subject,
        /// Its id.
        message_id: String,
        /// What is known instead.
        ambiguity: Ambiguity,
    },
    /// The broker takes no message of this size: trying again changes nothing.
    #[error("{subject} {message_id} is larger than the broker takes ({bytes} bytes)")]
    TooLarge {
        /// Where it was going.
        subject: Subject,
        /// Its id.
        message_id: String,
        /// Size of its body.
        bytes: usize,
    },
}

impl PublishError {
    /// Whether trying again changes nothing as long as the broker is configured as it is.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::TooLarge { .. }
                | Self::Unknown { ambiguity: Ambiguity::Refused { is_final: true, .. }, .. }
        )
    }

    /// Whether the broker has answered that it does not take this event, now or for ever.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::Unknown { ambiguity: Ambiguity::Refused { .. }, .. })
    }
}

/// What is known of an event that has no good PubAck.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ambiguity {
    /// No PubAck came in time.
    #[error("the broker did not answer in time")]
    NoAnswer,
    /// Nobody stores this subject: the stream is missing.
    #[error("there is no stream for it")]
    NoStream,
    /// The broker said why not.
    #[error("the broker refused: {reason}")]
    Refused {
        /// In its own words.
        reason: String,
        /// The event itself is refused, whatever the state of the broker.
        is_final: bool,
    },
    /// It did not leave this process.
    #[error("it was not sent: {0}")]
    NotSent(String),
}

/// Publishes events. Cheap to clone; only relays hold one.
#[derive(Clone, Debug)]
pub struct Publisher {
    client: async_nats::Client,
    provisioner: Arc<Provisioner>,
    in_flight: Arc<Semaphore>,
    inboxes: Arc<AckInboxes>,
    stored: Counter,
    failed: Counter,
}

impl Publisher {
    pub(super) fn new(client: async_nats::Client, provisioner: Arc<Provisioner>) -> Self {
        begin_at_zero("published_total");
        begin_at_zero("publish_failures_total");
        Self {
            client,
            provisioner,
            in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT as usize)),
            inboxes: Arc::default(),
            stored: counter!("published_total"),
            failed: counter!("publish_failures_total"),
        }
    }

    /// Publishes a batch pipelined and awaits every PubAck. Answers in the order of `batch`; `Ok` means stored, be
    /// it now or by an earlier publish with the same id.
    ///
    /// A stream that is missing (the broker's data was wiped) is created, and the batch answered as unknown: the
    /// caller publishes again anyway.
    pub async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<Stored, PublishError>> {
        let mut answers = Vec::with_capacity(batch.len());
        for chunk in batch.chunks(CHUNK) {
            let mut publishing = self.begin(chunk.len()).await;
            publishing.send(chunk).await;
            answers.extend(publishing.acks().await);
        }
        answers
    }

    /// Begins a batch of at most `count` events, for a caller that sends them one after another. It waits for its turn: a
    /// batch gets all of its places at once, so that two that are half sent never wait for each other.
    pub async fn begin<'a>(&'a self, count: usize) -> PublishBatch<'a> {
        let places = u32::try_from(count).unwrap_or(u32::MAX).min(MAX_IN_FLIGHT);
        // The semaphore is never closed.
        let places = self.in_flight.acquire_many(places).await.ok();
        PublishBatch::new(self, places, count)
    }
}
