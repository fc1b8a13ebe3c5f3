//! Dead letters: what can't be handled is kept, once, with everything that somebody needs to put it right.

mod overflow;

use std::sync::Arc;

use anyhow::Context as _;

use async_nats::{
    HeaderMap, HeaderName, HeaderValue,
    header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
    jetstream::{
        self,
        context::{PublishError, PublishErrorKind},
        message::PublishMessage,
    },
};
use bytes::Bytes;
use metrics::{Counter, counter};
use tracing::error;

use super::{Provisioner, publisher::PUBACK_TIMEOUT, received::Received, topology};

/// Bytes kept of a body that does not fit beside the headers.
const CUT_BODY: usize = 4 * 1024;
/// Bytes kept of a reason.
const LONGEST_REASON: usize = 1024;
/// Bytes that the broker's limit on a message leaves for the headers that are added here.
const HEADER_ROOM: usize = 8 * 1024;

/// Headers of a dead letter. The original ones stand beside them, prefixed [`ORIGINAL`](header::ORIGINAL).
pub mod header {
    /// Prefix of the original message's headers.
    pub const ORIGINAL: &str = "orig-";
    /// Stream that the message came from.
    pub const STREAM: &str = "dead-letter-stream";
    /// Its sequence there.
    pub const SEQUENCE: &str = "dead-letter-sequence";
    /// Its subject.
    pub const SUBJECT: &str = "dead-letter-subject";
    /// When it was stored there, RFC 3339.
    pub const PUBLISHED: &str = "dead-letter-published";
    /// The durable consumer that gave it up.
    pub const CONSUMER: &str = "dead-letter-consumer";
    /// Why.
    pub const REASON: &str = "dead-letter-reason";
    /// Length of the original body in bytes, where it did not fit and was cut.
    pub const CUT_FROM: &str = "dead-letter-cut-from";
}

/// Where a message that is given up was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// Among the dead letters.
    There,
    /// In the overflow, because they are full.
    InOverflow,
}

/// A message that is given up, and why.
#[derive(Debug)]
pub(super) struct DeadLetter<'a> {
    /// The message.
    pub(super) message: &'a Received,
    /// Why it is given up.
    pub(super) reason: &'a str,
}

/// Stores the dead letters of one consumer.
#[derive(Debug)]
pub(super) struct DeadLetters {
    jetstream: jetstream::Context,
    provisioner: Arc<Provisioner>,
    durable: String,
    stored: Counter,
}

impl DeadLetters {
    pub(super) fn new(client: async_nats::Client, provisioner: Arc<Provisioner>, durable: String) -> Self {
        let jetstream = jetstream::context::ContextBuilder::new().timeout(PUBACK_TIMEOUT).build(client);
        // At 0 from the start: `increase()` of a series that appears with 1 is 0, and the first would raise no alert.
        let stored = counter!("dead_letters_total", "consumer" => durable.clone());
        stored.increment(0);
        Self { jetstream, provisioner, durable, stored }
    }

    /// Stores one dead letter and awaits its PubAck. One that is there already counts as stored. Where there is no room for
    /// it, it goes to the overflow: in its consumer's window it would be in the way of others.
    ///
    /// # Errors
    /// When it is not known to be stored: keep the message and come back.
    pub(super) async fn store(&self, letter: &DeadLetter<'_>) -> anyhow::Result<Stored> {
        let origin = Origin::of(letter.message);
        let subject = topology::dead_letter_subject(&self.durable, origin.sequence);
        let content = self.content(letter, &origin);
        let stored = self.publish_first(&content, &origin.published, &subject).await;
        if let Err(error) = &stored
            && overflow::is_for_want_of_room(error)
        {
            let subject = topology::overflow_subject(
                &self.durable,
                origin.sequence,
                letter.message.position.published_ns,
            );
            self.overflow(&content, &subject).await.context("keep it in the overflow of the dead letters")?;
            return Ok(Stored::InOverflow);
        }
        if stored.is_ok() {
            self.stored.increment(1);
            error!(
                consumer = self.durable,
                sequence = origin.sequence,
                "gave up message {} of {} and kept it as {subject}: {}",
                origin.sequence,
                letter.message.subject,
                one_line(letter.reason)
            );
        }
        stored.map(|()| Stored::There)
    }

    /// As the first on its subject, also into a stream that has to be made first.
    async fn publish_first(
        &self,
        content: &Content,
        published_at: &str,
        subject: &str,
    ) -> anyhow::Result<()> {
        let mut published = self.publish(content, subject, 0).await;
        if matches!(&published, Err(missing) if missing.kind() == PublishErrorKind::StreamNotFound) {
            self.provisioner.ensure_dead_letters().await?;
            published = self.publish(content, subject, 0).await;
        }
        match published {
            Err(refused) if refused.kind() == PublishErrorKind::WrongLastSequence => {
                self.store_beside(content, published_at, subject).await
            }
            other => Ok(other?),
        }
    }

    /// The position is taken: by this same message (nothing to do), or, after the events' stream was lost and made
    /// anew, by an earlier one of the same sequence, which must not hide this one.
    async fn store_beside(&self, content: &Content, published_at: &str, subject: &str) -> anyhow::Result<()> {
        let stream = self.provisioner.topology().dead_letter_stream_name();
        let stream = self.jetstream.get_stream_no_info(stream).await?;
        let there = stream.get_last_raw_message_by_subject(subject).await?;
        if there.headers.get(header::PUBLISHED).is_some_and(|at| at.as_str() == published_at) {
            return Ok(());
        }
        self.publish(content, subject, there.sequence).await.map_err(Into::into)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a dead letter is stored by the loop itself, not by a relay"
    )]
    async fn publish(
        &self,
        content: &Content,
        subject: &str,
        expected_last: u64,
    ) -> Result<(), PublishError> {
        let Content { mut headers, payload } = content.clone();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected_last.to_string().as_str());
        let message = PublishMessage::build().headers(headers).payload(payload);
        self.jetstream.send_publish(subject.to_owned(), message).await?.await.map(drop)
    }

    fn content(&self, letter: &DeadLetter<'_>, origin: &Origin) -> Content {
        let body = &letter.message.payload;
        let room = self.jetstream.client().server_info().max_payload.saturating_sub(HEADER_ROOM);
        // Headers that leave no room even for a cut body are no help to anybody.
        let originals = Some(original_headers(letter.message)).filter(|all| size(all) + CUT_BODY <= room);
        let mut headers = originals.unwrap_or_default();
        let originals_size = size(&headers);
        headers.insert(header::STREAM, origin.stream.as_str());
        headers.insert(header::SEQUENCE, origin.sequence.to_string().as_str());
        headers.insert(header::SUBJECT, letter.message.subject.as_str());
        headers.insert(header::PUBLISHED, origin.published.as_str());
        headers.insert(header::CONSUMER, self.durable.as_str());
        headers.insert(header::REASON, one_line(letter.reason).as_str());
        if body.len() + originals_size <= room {
            return Content { headers, payload: body.clone() };
        }
        headers.insert(header::CUT_FROM, body.len().to_string().as_str());
        Content { headers, payload: body.slice(..body.len().min(CUT_BODY)) }
    }
}

/// A dead letter as it goes on the wire.
#[derive(Clone, Debug)]
struct Content {
    headers: HeaderMap,
    payload: Bytes,
}

/// Where a message came from.
struct Origin {
    stream: String,
    sequence: u64,
    published: String,
}

impl Origin {
    fn of(message: &Received) -> Self {
        let position = message.position;
        let published = chrono::DateTime::from_timestamp_nanos(position.published_ns);
        Self {
            stream: message.stream().to_owned(),
            sequence: position.sequence,
            published: published.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true),
        }
    }
}

fn original_headers(message: &Received) -> HeaderMap {
    let mut prefixed = HeaderMap::new();
    for (name, values) in message.headers.iter().flat_map(HeaderMap::iter) {
        let Ok(name) = format!("{}{name}", header::ORIGINAL).parse::<HeaderName>() else { continue };
        for value in values {
            prefixed.append(name.clone(), value.clone());
        }
    }
    prefixed
}

/// Bytes that headers take on the wire, each with its separators.
fn size(headers: &HeaderMap) -> usize {
    let line = |name: &HeaderName, value: &HeaderValue| name.to_string().len() + value.as_str().len() + 4;
    headers.iter().map(|(name, values)| values.iter().map(|value| line(name, value)).sum::<usize>()).sum()
}

/// A header value has one line, and a reason that quotes a body may have many.
fn one_line(reason: &str) -> String {
    let mut line: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    while line.len() > LONGEST_REASON {
        line.pop();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_becomes_one_line_of_bounded_length() {
        assert_eq!(one_line("a\r\nb\u{7}"), "a  b ");
        assert!(one_line(&"ä".repeat(5_000)).len() <= LONGEST_REASON);
    }
}
