//! The way out: events are stored with a stable id, and each is answered for.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{
    self,
    context::{PublishAckFuture, PublishErrorKind},
    message::PublishMessage,
};
use bytes::Bytes;
use metrics::counter;
use tokio::sync::Semaphore;
use tokio::time::{Instant, error::Elapsed, timeout_at};

use super::{Provisioner, TRACEPARENT};
use crate::{event::Subject, traceparent::Traceparent};

/// How long a publish may wait for its PubAck before it counts as unknown.
pub(super) const PUBACK_TIMEOUT: Duration = Duration::from_secs(3);
/// How many publishes of one process may await their PubAck; more wait their turn.
const MAX_IN_FLIGHT: u32 = 4_096;
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
    /// The bare body.
    pub payload: Bytes,
}

/// Why an event is not known to be stored.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// No answer, or one that says nothing about this message: it may or may not be stored. Publish it again with
    /// the same id.
    #[error("{subject} {message_id} may or may not be stored: publish it again with the same id")]
    Unknown {
        /// Where it was going.
        subject: Subject,
        /// Its id.
        message_id: String,
        /// What the client or the broker said.
        source: async_nats::jetstream::context::PublishError,
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

/// Publishes events. Cheap to clone; only relays hold one.
#[derive(Clone, Debug)]
pub struct Publisher {
    jetstream: jetstream::Context,
    provisioner: Arc<Provisioner>,
    in_flight: Arc<Semaphore>,
}

impl Publisher {
    pub(super) fn new(client: async_nats::Client, provisioner: Arc<Provisioner>) -> Self {
        let jetstream = jetstream::context::ContextBuilder::new()
            .timeout(PUBACK_TIMEOUT)
            // The context's own limit is taken one publish at a time, so two callers that publish before they await
            // could wait for each other for ever. Here a chunk gets all of its places at once.
            .max_ack_inflight(Semaphore::MAX_PERMITS)
            .build(client);
        Self { jetstream, provisioner, in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT as usize)) }
    }

    /// Publishes a batch pipelined and awaits every PubAck. Answers in the order of `batch`; `Ok` means stored, be
    /// it now or by an earlier publish with the same id.
    ///
    /// A stream that is missing (the broker's data was wiped) is created, and the batch answered as unknown: the
    /// caller publishes again anyway.
    pub async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        let mut answers = Vec::with_capacity(batch.len());
        for chunk in batch.chunks(CHUNK) {
            let places =
                self.in_flight.acquire_many(u32::try_from(chunk.len()).unwrap_or(MAX_IN_FLIGHT)).await;
            answers.extend(self.publish_chunk(chunk).await);
            drop(places);
        }
        let stored = answers.iter().filter(|answer| answer.is_ok()).count();
        counter!("published_total").increment(stored as u64);
        counter!("publish_failures_total").increment((answers.len() - stored) as u64);
        answers
    }

    async fn publish_chunk(&self, chunk: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        // One for the whole chunk: each PubAck's own timeout begins only when it is awaited, one after the other.
        let deadline = Instant::now() + PUBACK_TIMEOUT;
        let mut sent = Vec::with_capacity(chunk.len());
        for message in chunk {
            // While the client is not connected its buffer fills up, and then sending waits too.
            sent.push(timeout_at(deadline, self.send(message)).await.unwrap_or_else(timed_out));
        }
        let mut answers = Vec::with_capacity(chunk.len());
        let mut missing = None;
        for (message, ack) in chunk.iter().zip(sent) {
            let answer = match ack {
                Ok(ack) => timeout_at(deadline, ack).await.unwrap_or_else(timed_out).map(drop),
                Err(error) => Err(error),
            };
            if let Err(error) = &answer
                && error.kind() == PublishErrorKind::StreamNotFound
            {
                missing = Some(message.subject);
            }
            answers.push(answer.map_err(|source| failure(message, source)));
        }
        if let Some(subject) = missing {
            self.provisioner.restore_stream(subject.publisher()).await;
        }
        answers
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place that the others use")]
    async fn send(
        &self,
        message: &Outgoing,
    ) -> Result<PublishAckFuture, async_nats::jetstream::context::PublishError> {
        let mut publish =
            PublishMessage::build().payload(message.payload.clone()).message_id(&message.message_id);
        if let Some(traceparent) = &message.traceparent {
            publish = publish.header(TRACEPARENT, traceparent.to_string());
        }
        self.jetstream.send_publish(message.subject.as_str(), publish).await
    }
}

fn timed_out<T>(_: Elapsed) -> Result<T, async_nats::jetstream::context::PublishError> {
    Err(PublishErrorKind::TimedOut.into())
}

fn failure(message: &Outgoing, source: async_nats::jetstream::context::PublishError) -> PublishError {
    let (subject, message_id) = (message.subject, message.message_id.clone());
    match source.kind() {
        PublishErrorKind::MaxPayloadExceeded => {
            PublishError::TooLarge { subject, message_id, bytes: message.payload.len() }
        }
        _ => PublishError::Unknown { subject, message_id, source },
    }
}
