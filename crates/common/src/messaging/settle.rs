//! Does with each message what its outcome says. With [`in_progress`], the only code that acks.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_nats::{
    connection::State,
    jetstream::{AckKind, Message},
};
use metrics::counter;
use tokio::{
    task::coop::unconstrained,
    time::{MissedTickBehavior, timeout},
};
use tracing::{debug, warn};

use super::{
    dead_letter::{DeadLetter, DeadLetters},
    handler::Outcome,
    refusals::{Refusals, retry_delay},
};

/// How long an answer may wait for room in the client's queue.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// How the messages of one consumer are answered.
#[derive(Debug)]
pub(super) struct Settler {
    consumer: String,
    client: async_nats::Client,
    dead_letters: DeadLetters,
    refusals: Mutex<Refusals>,
    retries: u32,
}

impl Settler {
    /// `retries` is how often a message may be refused before it becomes a dead letter, unless the handler says so.
    pub(super) fn new(
        consumer: String,
        client: async_nats::Client,
        dead_letters: DeadLetters,
        retries: u32,
    ) -> Self {
        Self { consumer, client, dead_letters, refusals: Mutex::default(), retries }
    }

    /// Answers one message.
    pub(super) async fn settle(&self, message: &Message, place: Place, outcome: Outcome) {
        match outcome {
            Outcome::Done => {
                self.refusals().forget(place);
                self.answer(message, AckKind::Ack, "done").await;
            }
            Outcome::Postpone(delay) => self.answer(message, AckKind::Nak(Some(delay)), "postponed").await,
            Outcome::Reject { reason } => self.give_up(message, place, &reason).await,
            Outcome::Retry { reason, limit } => {
                let limit = limit.unwrap_or(self.retries);
                let refused = self.refusals().count(place);
                if refused > limit {
                    self.give_up(message, place, &format!("refused {refused} times: {reason}")).await;
                    return;
                }
                let delay = retry_delay(place.delivered);
                debug!(
                    consumer = self.consumer,
                    sequence = place.sequence,
                    "{} refused message {} ({refused} of {limit}), again in {delay:?}: {reason}",
                    self.consumer,
                    place.sequence
                );
                self.answer(message, AckKind::Nak(Some(delay)), "retried").await;
            }
        }
    }

    /// Gives a message back untouched, to be delivered again at once: for whoever asks next.
    pub(super) async fn give_back(&self, message: &Message) {
        self.answer(message, AckKind::Nak(None), "given_back").await;
    }

    /// Stores the dead letter, then terms the message. Without room for the dead letter the message stays.
    async fn give_up(&self, message: &Message, place: Place, reason: &str) {
        match self.dead_letters.store(&DeadLetter { message, reason }).await {
            Ok(()) => {
                self.refusals().forget(place);
                self.answer(message, AckKind::Term, "dead_lettered").await;
            }
            Err(error) => {
                warn!(
                    consumer = self.consumer,
                    sequence = place.sequence,
                    "the dead letters did not take message {}, which is kept and tried again: {error:#}",
                    place.sequence
                );
                self.answer(message, AckKind::Nak(Some(retry_delay(place.delivered))), "kept").await;
            }
        }
    }

    /// Unanswered means delivered again after the ack wait, which every handler bears. So an answer is not worth
    /// waiting for while the broker is away and the client's queue is full: a drain would never end.
    #[expect(clippy::disallowed_methods, reason = "this is the consumer loop")]
    async fn answer(&self, message: &Message, kind: AckKind, outcome: &'static str) {
        counter!("consumed_total", "consumer" => self.consumer.clone(), "outcome" => outcome).increment(1);
        let patience =
            if self.client.connection_state() == State::Connected { ANSWER_TIMEOUT } else { Duration::ZERO };
        // Without `unconstrained` a spent budget of the runtime would look like a full queue.
        let sent = timeout(patience, unconstrained(message.ack_with(kind))).await;
        let failure = match sent {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "the broker is away".to_owned(),
        };
        debug!(consumer = self.consumer, "could not answer a message, it will come again: {failure}");
    }

    fn refusals(&self) -> std::sync::MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a message stands in its stream, since when, and for which time it is delivered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) sequence: u64,
    pub(super) published_ns: i128,
    pub(super) delivered: u64,
}

/// Tells the broker at every `interval` that the messages in hand are still worked on. Only for messages without an
/// answer: it would turn the delay of a NAK into a whole ack wait.
#[expect(clippy::disallowed_methods, reason = "this is the consumer loop")]
pub(super) async fn in_progress<T>(
    messages: &[Message],
    interval: Duration,
    work: impl Future<Output = T>,
) -> T {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = ticks.tick() => {}
        }
        for message in messages {
            // Lost progress is at worst a second delivery; work must not wait for room in the client's queue.
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = message.ack_with(AckKind::Progress) => {}
            }
        }
    }
}
