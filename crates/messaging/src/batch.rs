//! One batch, from decoding to the last answer.

use std::time::Duration;

use super::{
    claim_header::CLAIM,
    event_check::read_event,
    handler::{Delivery, Handler, Outcome},
    handler_run::HandlerRun,
    incarnation::Hand,
    received::{Position, Received},
    settle::Settler,
};
use common::{event::Event, traceparent::TRACEPARENT};
use futures_util::future::join_all;
use metrics::histogram;
use process::health::Heartbeat;
use tokio_util::sync::CancellationToken;

/// What the batches of one consumer share.
#[derive(Debug)]
pub(super) struct BatchProcessor<H> {
    pub(super) name: String,
    pub(super) handler: H,
    pub(super) settler: Settler,
    pub(super) heartbeat: Heartbeat,
}

impl<H: Handler> BatchProcessor<H> {
    /// Answers every message, and tells the broker at every `interval` of those that have no answer yet.
    pub(super) async fn process(
        &self,
        hand: &Hand,
        messages: &[Received],
        interval: Duration,
        stop: &CancellationToken,
    ) {
        histogram!("consumed_batch_size", "consumer" => self.name.clone()).record(messages.len() as f64);
        let mut readable = Vec::with_capacity(messages.len());
        let mut batch = Vec::with_capacity(messages.len());
        let mut refused = Vec::new();
        for message in messages {
            match decode::<H::Event>(message) {
                Ok(delivery) => {
                    readable.push(message);
                    batch.push(delivery);
                }
                Err(reason) => refused.push((message, Outcome::reject(reason))),
            }
        }
        let outcomes = self.settler.in_progress(hand, messages, interval, self.outcomes(&batch, stop));
        let Some(outcomes) = outcomes.await else {
            for message in messages {
                self.settler.give_back(hand, message).await;
            }
            return;
        };
        // Dead letters wait for their PubAcks, so the good ones are answered before them.
        let mut done = Vec::with_capacity(readable.len());
        for (message, outcome) in readable.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Done => done.push(message),
                Outcome::Postpone(delay) => self.settler.postpone(hand, message, delay).await,
                Outcome::Retry { .. } | Outcome::Reject { .. } => refused.push((message, outcome)),
            }
        }
        self.settler.done(hand, &done).await;
        // All at once: one after the other, a broker that is silent about dead letters would hold this batch's slot
        // for many timeouts, and the good ones behind it (I7).
        let settled = refused.into_iter().map(|(message, outcome)| {
            let settled = self.settler.refuse(hand, message, outcome);
            self.settler.in_progress(hand, std::slice::from_ref(message), interval, settled)
        });
        join_all(settled).await;
    }

    /// One outcome for each delivery; none when the process drains.
    async fn outcomes(&self, batch: &[Delivery<H::Event>], stop: &CancellationToken) -> Option<Vec<Outcome>> {
        if batch.is_empty() {
            return Some(Vec::new());
        }
        let handler_run =
            HandlerRun { consumer: &self.name, handler: &self.handler, stop, heartbeat: &self.heartbeat };
        handler_run.outcomes(batch).await.ok()
    }
}

fn decode<E: Event>(message: &Received) -> Result<Delivery<E>, String> {
    let event = read_event(&message.payload).map_err(|invalid| invalid.to_string())?;
    let headers = message.headers.as_ref();
    let traceparent =
        headers.and_then(|headers| headers.get(TRACEPARENT)).and_then(|value| value.as_str().parse().ok());
    let claim = headers.and_then(|headers| headers.get(CLAIM)).and_then(|value| value.as_str().parse().ok());
    let (sequence, published_ns) = message.published_at();
    let Position { delivered, .. } = message.position;
    Ok(Delivery { event, traceparent, sequence, delivered, stored_at_ms: published_ns / 1_000_000, claim })
}
