//! Does with each message what its outcome says: the only code that acks.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_nats::{Client, connection::State, jetstream::AckKind};
use bytes::Bytes;
use metrics::{Counter, counter};
use process::outage::{Ended, Outage};
use tokio::{
    task::coop::unconstrained,
    time::{MissedTickBehavior, timeout},
};
use tracing::{debug, info, warn};

use super::{
    dead_letter::{DeadLetter, DeadLetters, Stored},
    handler::Outcome,
    incarnation::Hand,
    received::Received,
    refusals::{Refusals, retry_delay},
};

/// How long an answer may wait for room in the client's queue.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// How the messages of one consumer are answered.
#[derive(Debug)]
pub(super) struct Settler {
    consumer: String,
    client: Client,
    dead_letters: DeadLetters,
    refusals: Mutex<Refusals>,
    retries: u32,
    counted: Counted,
    kept: Outage,
    full: Outage,
}

/// Messages by how they were answered. All of them are there from the start, at 0, and looked up once.
#[derive(Debug)]
struct Counted {
    done: Counter,
    postponed: Counter,
    given_back: Counter,
    retried: Counter,
    dead_lettered: Counter,
    /// Moved to the overflow, for want of room among the dead letters.
    overflowed: Counter,
    /// For want of room there as well, or of an answer.
    kept: Counter,
}

impl Counted {
    fn new(consumer: &str) -> Self {
        let outcome = |outcome| {
            let counter = counter!("consumed_total", "consumer" => consumer.to_owned(), "outcome" => outcome);
            counter.increment(0);
            counter
        };
        Self {
            done: outcome("done"),
            postponed: outcome("postponed"),
            given_back: outcome("given_back"),
            retried: outcome("retried"),
            dead_lettered: outcome("dead_lettered"),
            overflowed: outcome("overflowed"),
            kept: outcome("kept"),
        }
    }
}

impl Settler {
    /// `retries` is how often a message may be refused before it becomes a dead letter, unless the handler says so.
    pub(super) fn new(consumer: String, client: Client, dead_letters: DeadLetters, retries: u32) -> Self {
        let counted = Counted::new(&consumer);
        let kept = Outage::new(Duration::ZERO);
        let full = Outage::new(Duration::ZERO);
        Self { consumer, client, dead_letters, refusals: Mutex::default(), retries, counted, kept, full }
    }

    /// Brings what is in the overflow to the dead letters.
    pub(super) async fn bring_overflow(&self) {
        match self.dead_letters.bring_overflow().await {
            Ok(0) => {}
            Ok(brought) => {
                self.full.succeeded();
                info!(
                    consumer = self.consumer,
                    brought, "{brought} messages came from the overflow to the dead letters"
                );
            }
            Err(error) => debug!(consumer = self.consumer, "the overflow stays for now: {error:#}"),
        }
    }

    /// Acks messages whose effect is durable.
    pub(super) async fn done(&self, hand: &Hand, messages: &[&Received]) {
        {
            let mut refusals = self.refusals();
            messages.iter().for_each(|message| refusals.forget(message.position));
        }
        self.counted.done.increment(messages.len() as u64);
        self.answer(hand, messages, &Bytes::from_static(b"+ACK")).await;
    }

    /// Has a message delivered again after this delay. It is never counted.
    pub(super) async fn postpone(&self, hand: &Hand, message: &Received, delay: Duration) {
        self.answer_one(hand, message, AckKind::Nak(Some(delay)), &self.counted.postponed).await;
    }

    /// Gives a message back untouched, to be delivered again at once, to the consumer that asks next.
    pub(super) async fn give_back(&self, hand: &Hand, message: &Received) {
        self.answer_one(hand, message, AckKind::Nak(None), &self.counted.given_back).await;
    }

    /// Answers a message that a handler refused, or that none could read.
    pub(super) async fn refuse(&self, hand: &Hand, message: &Received, outcome: Outcome) {
        match outcome {
            Outcome::Done => self.done(hand, &[message]).await,
            Outcome::Postpone(delay) => self.postpone(hand, message, delay).await,
            Outcome::Reject { reason } => self.dead_letter(hand, message, &reason).await,
            Outcome::Retry { reason, limit } => self.retry(hand, message, &reason, limit).await,
        }
    }

    async fn retry(&self, hand: &Hand, message: &Received, reason: &str, limit: Option<u32>) {
        let limit = limit.unwrap_or(self.retries);
        let refused = self.refusals().count(message.position);
        if refused > limit {
            self.dead_letter(hand, message, &format!("refused {refused} times: {reason}")).await;
            return;
        }
        let delay = retry_delay(message.position.delivered);
        let sequence = message.position.sequence;
        debug!(
            consumer = self.consumer,
            sequence,
            "{} refused message {sequence} ({refused} of {limit}), again in {delay:?}: {reason}",
            self.consumer,
        );
        self.answer_one(hand, message, AckKind::Nak(Some(delay)), &self.counted.retried).await;
    }

    /// Stores the dead letter, then terms the message. What can't be stored anywhere stays.
    async fn dead_letter(&self, hand: &Hand, message: &Received, reason: &str) {
        match self.dead_letters.store(&DeadLetter { message, reason }).await {
            Ok(Stored::InOverflow) => {
                if let Some(count) = self.full.failed() {
                    let consumer = &self.consumer;
                    warn!(
                        consumer,
                        count, "the dead letters are full: those of {consumer} go to their overflow"
                    );
                }
                self.refusals().forget(message.position);
                self.answer_one(hand, message, AckKind::Term, &self.counted.overflowed).await;
            }
            Ok(Stored::There) => {
                if let Some(Ended { count, .. }) = self.kept.succeeded() {
                    info!(consumer = self.consumer, count, "the dead letters take messages again");
                }
                self.refusals().forget(message.position);
                self.answer_one(hand, message, AckKind::Term, &self.counted.dead_lettered).await;
            }
            Err(error) => {
                let sequence = message.position.sequence;
                if let Some(count) = self.kept.failed() {
                    warn!(
                        consumer = self.consumer,
                        sequence,
                        count,
                        "the dead letters did not take message {sequence}, which is kept and tried again: {error:#}",
                    );
                }
                let delay = retry_delay(message.position.delivered);
                self.answer_one(hand, message, AckKind::Nak(Some(delay)), &self.counted.kept).await;
            }
        }
    }

    async fn answer_one(&self, hand: &Hand, message: &Received, kind: AckKind, counted: &Counter) {
        counted.increment(1);
        self.answer(hand, &[message], &kind.into()).await;
    }

    /// Unanswered means delivered again after the ack wait, which every handler bears. So an answer is not worth
    /// waiting for while the broker is away and the client's queue is full: a drain would never end.
    async fn answer(&self, hand: &Hand, messages: &[&Received], answer: &Bytes) {
        let up_to = hand.answerable().await;
        let patience =
            if self.client.connection_state() == State::Connected { ANSWER_TIMEOUT } else { Duration::ZERO };
        let all = async {
            for message in messages.iter().filter(|message| message.position.sequence <= up_to) {
                self.send(message, answer.clone()).await?;
            }
            Ok::<_, async_nats::client::PublishError>(())
        };
        // Without `unconstrained` a spent budget of the runtime would look like a full queue.
        let failure = match timeout(patience, unconstrained(all)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "the broker is away".to_owned(),
        };
        debug!(
            consumer = self.consumer,
            "could not answer all of {} messages, the rest will come again: {failure}",
            messages.len()
        );
    }

    #[expect(clippy::disallowed_methods, reason = "this is the consumer loop")]
    async fn send(&self, message: &Received, answer: Bytes) -> Result<(), async_nats::client::PublishError> {
        match &message.reply {
            Some(reply) => self.client.publish(reply.clone(), answer).await,
            None => Ok(()),
        }
    }

    /// Tells the broker at every `interval` that the messages in hand are still worked on. Only for messages without
    /// an answer: it would turn the delay of a NAK into a whole ack wait.
    pub(super) async fn in_progress<T>(
        &self,
        hand: &Hand,
        messages: &[Received],
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
            let up_to = tokio::select! {
                biased;
                done = &mut work => return done,
                up_to = hand.answerable() => up_to,
            };
            for message in messages.iter().filter(|message| message.position.sequence <= up_to) {
                // Lost progress is at worst a second delivery; work must not wait for room in the client's queue.
                tokio::select! {
                    biased;
                    done = &mut work => return done,
                    _ = self.send(message, AckKind::Progress.into()) => {}
                }
            }
        }
    }

    fn refusals(&self) -> std::sync::MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
