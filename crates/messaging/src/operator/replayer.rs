//! The way back: a dead letter for the consumer that gave it up, and for no other.

use std::sync::Arc;

use async_nats::{
    HeaderMap,
    header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID},
    jetstream::{
        self,
        context::{PublishError, PublishErrorKind},
        message::PublishMessage,
        publish::PublishAck,
    },
};
use bytes::Bytes;
use serde_json::json;

use super::Letter;
use crate::{
    Provisioner, dead_letter_header as header, publisher::PUBACK_TIMEOUT, stored::message, topology,
};

/// What became of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// Its consumer gets it.
    Now,
    /// It was replayed before: it waits for its consumer, or was there within the last two minutes.
    Already,
}

/// Why a dead letter is not known to be on its way back.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Trying again changes nothing.
    #[error("dead letter {sequence} can't be replayed: {reason}")]
    Impossible {
        /// Which.
        sequence: u64,
        /// Why.
        reason: String,
    },
    /// Another body is on its way, or was a moment ago, and nobody can say any more with which one.
    #[error("another replay of dead letter {sequence} was there first")]
    Conflict {
        /// Which.
        sequence: u64,
    },
    /// It may or may not be stored: doing it again is harmless.
    #[error("the broker did not take the replay of dead letter {sequence}")]
    Unknown {
        /// Which.
        sequence: u64,
        /// What the broker or the client said.
        source: anyhow::Error,
    },
}

/// Takes dead letters back to their consumers.
#[derive(Clone, Debug)]
pub struct Replayer {
    client: async_nats::Client,
    jetstream: jetstream::Context,
    provisioner: Arc<Provisioner>,
}

impl Replayer {
    pub(super) fn new(client: async_nats::Client, provisioner: Arc<Provisioner>) -> Self {
        let builder = jetstream::context::ContextBuilder::new().timeout(PUBACK_TIMEOUT);
        Self { jetstream: builder.build(client.clone()), client, provisioner }
    }

    /// Stores the letter, or it with another body, for its consumer, and awaits the PubAck. The letter stays among the dead
    /// letters: delete it afterwards.
    ///
    /// # Errors
    /// [`ReplayError::Impossible`] without trying, when the letter is not one of ours, or was cut and there is no other body.
    /// [`ReplayError::Conflict`] when somebody was faster, and this body is not known to be the one that its consumer gets.
    pub async fn replay(&self, letter: &Letter, body: Option<Bytes>) -> Result<Queued, ReplayError> {
        let sequence = letter.sequence;
        if let Some(reason) = obstacle(letter, body.is_some()) {
            return Err(ReplayError::Impossible { sequence, reason });
        }
        let subject = topology::replay_subject(letter.consumer(), sequence, letter.stored_ns);
        let headers = headers_of_replay(letter, &subject);
        let payload = body.clone().unwrap_or_else(|| letter.payload.clone());
        let unknown = |source: anyhow::Error| ReplayError::Unknown { sequence, source };
        let mut stored = self.publish(&subject, headers.clone(), payload.clone()).await;
        if matches!(&stored, Err(missing) if missing.kind() == PublishErrorKind::StreamNotFound) {
            self.provisioner.ensure_replays().await.map_err(|error| unknown(error.into()))?;
            stored = self.publish(&subject, headers, payload).await;
        }
        match stored {
            Ok(ack) if ack.duplicate => self.already(sequence, &subject, body).await,
            Ok(_) => Ok(Queued::Now),
            Err(error) => match error.kind() {
                PublishErrorKind::WrongLastSequence => self.already(sequence, &subject, body).await,
                PublishErrorKind::MaxPayloadExceeded => {
                    let reason = "it is larger than the broker takes".to_owned();
                    Err(ReplayError::Impossible { sequence, reason })
                }
                _ => Err(unknown(error.into())),
            },
        }
    }

    /// The broker took a replay of this letter before. Of two bodies only the first is taken, so the second must not be called
    /// taken. Without another body there is nothing of this operator's that could be lost.
    async fn already(
        &self,
        sequence: u64,
        subject: &str,
        body: Option<Bytes>,
    ) -> Result<Queued, ReplayError> {
        let Some(body) = body else { return Ok(Queued::Already) };
        let stream = self.provisioner.topology().replays_stream_name();
        let waiting = message(&self.client, &stream, &json!({ "last_by_subj": subject })).await;
        match waiting.map_err(|source| ReplayError::Unknown { sequence, source })? {
            Some(waiting) if waiting.payload == body => Ok(Queued::Already),
            _ => Err(ReplayError::Conflict { sequence }),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a replay is an operator's act, and no outbox has it")]
    async fn publish(
        &self,
        subject: &str,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<PublishAck, PublishError> {
        let message = PublishMessage::build().headers(headers).payload(payload);
        self.jetstream.send_publish(subject.to_owned(), message).await?.await
    }
}

/// Why a letter can't be replayed as it is.
fn obstacle(letter: &Letter, has_body: bool) -> Option<String> {
    if letter.cut_from().is_some() && !has_body {
        return Some("its body was cut, so it needs another one".to_owned());
    }
    if letter.subject().is_empty() || letter.stream_sequence() == 0 {
        return Some("it does not say which message it was".to_owned());
    }
    let consumer = letter.consumer();
    let is_token = !consumer.is_empty() && !consumer.contains(['.', '*', '>', ' ', '\t']);
    (!is_token).then(|| format!("{consumer:?} is no consumer"))
}

/// Those of the letter, so that the consumer finds the first ones in them, and the letter's place if it fails again.
fn headers_of_replay(letter: &Letter, subject: &str) -> HeaderMap {
    let mut headers = letter.headers.clone();
    // The broker's id of this message is not the first one: letters of two consumers, or of two failures, have that in common,
    // and the second would be taken for a duplicate of the first and be lost.
    headers.insert(NATS_MESSAGE_ID, subject);
    headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, "0");
    headers.insert(header::REPLAYS, (letter.replays() + 1).to_string().as_str());
    let first_id = format!("{}Nats-Msg-Id", header::ORIGINAL);
    if headers.get(first_id.as_str()).is_none() {
        let made = format!("{}:{}", letter.stream(), letter.stream_sequence());
        headers.insert(first_id, made.as_str());
    }
    without(&headers, &[header::REASON, header::CUT_FROM])
}

/// Without these headers.
fn without(headers: &HeaderMap, names: &[&str]) -> HeaderMap {
    let mut left = HeaderMap::new();
    for (name, values) in headers.iter().filter(|(name, _)| !names.contains(&name.as_ref())) {
        values.iter().for_each(|value| left.append(name.clone(), value.clone()));
    }
    left
}
