//! One batch, from decoding to the last answer.

use std::time::Duration;

use super::{
    handler::{Delivery, Handler, Outcome},
    handler_run::HandlerRun,
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
    pub(super) async fn process(&self, messages: &[Received], interval: Duration, stop: &CancellationToken) {
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
        let outcomes = self.settler.in_progress(messages, interval, self.outcomes(&batch, stop));
        let Some(outcomes) = outcomes.await else {
            for message in messages {
                self.settler.give_back(message).await;
            }
            return;
        };
        // Dead letters wait for their PubAcks, so the good ones are answered before them.
        let mut done = Vec::with_capacity(readable.len());
        for (message, outcome) in readable.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Done => done.push(message),
                Outcome::Postpone(delay) => self.settler.postpone(message, delay).await,
                Outcome::Retry { .. } | Outcome::Reject { .. } => refused.push((message, outcome)),
            }
        }
        self.settler.done(&done).await;
        // All at once: one after the other, a broker that is silent about dead letters would hold this batch's slot
        // for many timeouts, and the good ones behind it (I7).
        let settled = refused.into_iter().map(|(message, outcome)| {
            let settled = self.settler.refuse(message, outcome);
            self.settler.in_progress(std::slice::from_ref(message), interval, settled)
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
    // serde would read an array as the fields in their order, which nobody promised.
    if message.payload.trim_ascii_start().first() == Some(&b'[') {
        return Err(format!("the body is not a valid {}: it is an array, not an object", E::SUBJECT));
    }
    let event = serde_json::from_slice(&message.payload).map_err(|_| why_invalid::<E>(&message.payload))?;
    let traceparent = message
        .headers
        .as_ref()
        .and_then(|headers| headers.get(TRACEPARENT))
        .and_then(|value| value.as_str().parse().ok());
    let Position { sequence, delivered, .. } = message.position;
    Ok(Delivery { event, traceparent, sequence, delivered })
}

/// Reads a bad body once more, slowly, for a reason that names the field.
fn why_invalid<E: Event>(body: &[u8]) -> String {
    let reader = &mut serde_json::Deserializer::from_slice(body);
    let reason = match serde_path_to_error::deserialize::<_, E>(reader) {
        Err(error) if error.path().iter().next().is_some() => {
            format!("at {}: {}", error.path(), error.inner())
        }
        Err(error) => error.inner().to_string(),
        Ok(_) => "something stands behind it".to_owned(),
    };
    format!("the body is not a valid {}: {reason}", E::SUBJECT)
}
