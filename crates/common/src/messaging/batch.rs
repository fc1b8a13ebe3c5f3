//! One batch, from decoding to the last answer.

use std::time::Duration;

use async_nats::jetstream::Message;
use futures_util::future::join_all;
use metrics::histogram;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    TRACEPARENT,
    attempt::Attempt,
    handler::{Delivery, Handler, Outcome},
    settle::{Place, Settler, in_progress},
};
use crate::{event::Event, process::health::Heartbeat};

/// What the batches of one consumer share.
#[derive(Debug)]
pub(super) struct Work<H> {
    pub(super) name: String,
    pub(super) handler: H,
    pub(super) settler: Settler,
    pub(super) heartbeat: Heartbeat,
}

impl<H: Handler> Work<H> {
    /// Answers every message, and tells the broker at every `interval` of those that have no answer yet.
    pub(super) async fn process(&self, messages: &[Message], interval: Duration, stop: &CancellationToken) {
        histogram!("consumed_batch_size", "consumer" => self.name.clone()).record(messages.len() as f64);
        let mut readable = Vec::with_capacity(messages.len());
        let mut batch = Vec::with_capacity(messages.len());
        let mut given_up = Vec::new();
        for message in messages {
            let Some(place) = place(message) else { continue };
            match decode::<H::Event>(message, place) {
                Ok(delivery) => {
                    readable.push((message, place));
                    batch.push(delivery);
                }
                Err(reason) => given_up.push((message, place, Outcome::reject(reason))),
            }
        }
        let Some(outcomes) = in_progress(messages, interval, self.outcomes(&batch, stop)).await else {
            for message in messages {
                self.settler.give_back(message).await;
            }
            return;
        };
        // Dead letters wait for their PubAcks, so the good ones are answered before them.
        for ((message, place), outcome) in readable.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Done | Outcome::Postpone(_) => self.settler.settle(message, place, outcome).await,
                Outcome::Retry { .. } | Outcome::Reject { .. } => given_up.push((message, place, outcome)),
            }
        }
        // All at once: one after the other, a broker that is silent about dead letters would hold this batch's slot
        // for many timeouts, and the good ones behind it (I7).
        let settled = given_up.into_iter().map(|(message, place, outcome)| {
            in_progress(std::slice::from_ref(message), interval, self.settler.settle(message, place, outcome))
        });
        join_all(settled).await;
    }

    /// One outcome for each delivery; none when the process drains.
    async fn outcomes(&self, batch: &[Delivery<H::Event>], stop: &CancellationToken) -> Option<Vec<Outcome>> {
        if batch.is_empty() {
            return Some(Vec::new());
        }
        let attempt =
            Attempt { consumer: &self.name, handler: &self.handler, stop, heartbeat: &self.heartbeat };
        attempt.outcomes(batch).await.ok()
    }
}

fn place(message: &Message) -> Option<Place> {
    match message.info() {
        Ok(info) => Some(Place {
            sequence: info.stream_sequence,
            published_ns: info.published.unix_timestamp_nanos(),
            delivered: u64::try_from(info.delivered).unwrap_or(1),
        }),
        Err(error) => {
            warn!("a message without a JetStream reply subject can't be answered: {error}");
            None
        }
    }
}

fn decode<E: Event>(message: &Message, place: Place) -> Result<Delivery<E>, String> {
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
    Ok(Delivery { event, traceparent, sequence: place.sequence, delivered: place.delivered })
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
