//! Dead letters: what can't be handled is kept, once, with everything that somebody needs to put it right.

mod overflow;

use std::{
    hash::{DefaultHasher, Hasher as _},
    sync::Arc,
};

use anyhow::{Context as _, bail};

use async_nats::{
    HeaderMap, HeaderName, HeaderValue,
    header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID},
    jetstream::{
        self,
        context::{PublishError, PublishErrorKind},
        message::{PublishMessage, StreamMessage},
        stream::LastRawMessageErrorKind,
    },
};
use bytes::Bytes;
use metrics::{Counter, counter};
use tracing::error;

use super::{
    Provisioner, dead_letter_header as header,
    origin::{self, Origin},
    publisher::PUBACK_TIMEOUT,
    received::Received,
    topology,
};

/// Bytes kept of a body that does not fit beside the headers.
const CUT_BODY: usize = 4 * 1024;
/// Bytes kept of a reason.
const LONGEST_REASON: usize = 1024;
/// How often a letter is tried anew because the one in its place was deleted meanwhile.
const RACES: usize = 4;
/// Bytes that the broker's limit on a message leaves for the headers that are added here.
const HEADER_ROOM: usize = 8 * 1024;

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
        let origin = letter.message.origin();
        let subject = topology::dead_letter_subject(&self.durable, origin.sequence);
        let content = self.content(letter, &origin);
        let stored = self.publish_first(&content, &subject).await;
        if let Err(error) = &stored
            && overflow::is_for_want_of_room(error)
        {
            let Origin { sequence, published_ns, replays, .. } = origin;
            let subject = topology::overflow_subject(&self.durable, sequence, published_ns, replays);
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

    /// As the first on its subject, also into a stream that has to be made first. Where the subject is taken, it is taken by
    /// this same letter (nothing to do); or, after the events' stream was lost and made anew, by an earlier one of the same
    /// sequence; or by the letter of which this is the replay, and which is deleted at any time. Neither may hide this one.
    async fn publish_first(&self, content: &Content, subject: &str) -> anyhow::Result<()> {
        let mut expected_last = 0;
        for _ in 0..RACES {
            let Err(refused) = self.publish(content, subject, expected_last).await else { return Ok(()) };
            expected_last = match refused.kind() {
                PublishErrorKind::StreamNotFound => {
                    self.provisioner.ensure_dead_letters().await?;
                    0
                }
                PublishErrorKind::WrongLastSequence => match self.last_on(subject).await? {
                    Some(there) if content.is(&there) => return Ok(()),
                    there => there.map_or(0, |there| there.sequence),
                },
                _ => return Err(refused.into()),
            };
        }
        bail!("another letter took its place each time")
    }

    async fn last_on(&self, subject: &str) -> anyhow::Result<Option<StreamMessage>> {
        let stream = self.provisioner.topology().dead_letter_stream_name();
        let stream = self.jetstream.get_stream_no_info(stream).await?;
        match stream.get_last_raw_message_by_subject(subject).await {
            Ok(there) => Ok(Some(there)),
            Err(none) if none.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(error.into()),
        }
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
        headers.insert(NATS_MESSAGE_ID, content.id().as_str());
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
        if origin.replays > 0 {
            headers.insert(header::REPLAYS, origin.replays.to_string().as_str());
        }
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

impl Content {
    /// The broker's id of this letter. With it, one whose PubAck was lost and that an operator has dealt with meanwhile is not
    /// stored once more, for two minutes.
    fn id(&self) -> String {
        let of = |name| self.headers.get(name).map_or("", HeaderValue::as_str);
        let [consumer, sequence, published] = [header::CONSUMER, header::SEQUENCE, header::PUBLISHED].map(of);
        let mut body = DefaultHasher::new();
        body.write(&self.payload);
        format!("{consumer}:{sequence}:{published}:{}:{:x}", origin::replays(&self.headers), body.finish())
    }

    /// Whether a letter is this one: of the same message, replayed as often, and with the same body, because an edited one makes
    /// another letter of it.
    fn is(&self, there: &StreamMessage) -> bool {
        let same = |name| there.headers.get(name) == self.headers.get(name);
        let as_often = origin::replays(&there.headers) == origin::replays(&self.headers);
        same(header::PUBLISHED) && as_often && there.payload == self.payload
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
