//! What a service writes to listen: a handler, and the outcomes that it may answer.

use std::{future::Future, time::Duration};

use super::claim_header::ClaimHeader;
use common::{event::Event, traceparent::Traceparent};

/// One event in the hands of a handler.
#[derive(Clone, Debug)]
pub struct Delivery<E> {
    /// The decoded body.
    pub event: E,
    /// Trace context of the request that caused the event, where the publisher sent a valid one.
    pub traceparent: Option<Traceparent>,
    /// The message's sequence in its stream.
    pub sequence: u64,
    /// How often the broker has delivered this message, 1 for the first time.
    pub delivered: u64,
    /// When the broker stored this message, by the broker's clock, ms since the epoch.
    pub stored_at_ms: i64,
    /// Who fired the timer, on an `expiration:complete` of a worker that tells it.
    pub claim: Option<ClaimHeader>,
}

/// What a handler made of one event. The loop acts on it; a handler never acks and never publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The effect is durable (or was already there): ack.
    Done,
    /// Refused for now: deliver again with the loop's growing delay, and count it. More than `limit` counted
    /// refusals make a dead letter; `None` is the consumer's default.
    Retry {
        /// Why, for the log and for the dead letter.
        reason: String,
        /// Retries allowed for this reason instead of the consumer's default.
        limit: Option<u32>,
    },
    /// Too early, nothing is wrong: deliver again after exactly this long. Never counted.
    Postpone(Duration),
    /// Can never succeed: dead letter.
    Reject {
        /// Why, for the operator who looks at the dead letter.
        reason: String,
    },
}

impl Outcome {
    /// Refused for now, with the consumer's default number of retries.
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), limit: None }
    }

    /// Refused for now, at most `limit` times.
    pub fn retry_at_most(limit: u32, reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), limit: Some(limit) }
    }

    /// Refused for ever.
    pub fn reject(reason: impl Into<String>) -> Self {
        Self::Reject { reason: reason.into() }
    }
}

/// Why a handler answered nothing for a whole batch.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// A server that the handler needs is away (or full, or read-only). The same step is tried again until it is
    /// back; it never counts as a retry and never makes a dead letter.
    #[error("a dependency is unavailable")]
    Unavailable(#[source] anyhow::Error),
    /// Anything else. The batch is run again one event at a time, so that only the guilty one is refused.
    #[error("the batch failed")]
    Failed(#[source] anyhow::Error),
}

/// Handles the events of one subject.
///
/// Delivery is at least once, in no promised order, and any prefix of a batch may already have been applied by an
/// earlier attempt that died: every handler is idempotent.
pub trait Handler: Send + Sync + 'static {
    /// The event that this handler listens to.
    type Event: Event;

    /// Answers one outcome for each delivery, in order.
    fn handle(
        &self,
        batch: &[Delivery<Self::Event>],
    ) -> impl Future<Output = Result<Vec<Outcome>, BatchError>> + Send;
}
