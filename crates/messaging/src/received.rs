//! A message in hand, and where it stands.

use std::ops::Deref;

use async_nats::{HeaderValue, Message};
use chrono::{DateTime, SecondsFormat};

use super::{
    dead_letter_header as header,
    origin::{Origin, original_headers},
};

/// A message that the broker delivered and that has no answer yet.
///
/// Not `async_nats::jetstream::Message`: that one carries a clone of the whole client, a dozen counters that every
/// message would raise and lower.
#[derive(Debug)]
pub(super) struct Received {
    frame: Message,
    pub(super) position: Position,
    /// Of a replay: where it stood before it was given up.
    origin: Option<Box<Origin>>,
}

/// Where a message stands in its stream, since when, and for which time it is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) sequence: u64,
    pub(super) published_ns: i64,
    pub(super) delivered: u64,
    /// The number of this delivery among all of its consumer.
    pub(super) consumer_sequence: u64,
    /// How many messages the consumer had yet to deliver when it delivered this one.
    pub(super) pending: u64,
}

impl Received {
    /// The message, if its reply subject is one of JetStream's.
    pub(super) fn new(frame: Message) -> Option<Self> {
        let (_, position) = parse(frame.reply.as_ref()?)?;
        Some(Self { frame, position, origin: None })
    }

    /// A replay with the subject and the headers that its message had when it was published. What is no dead letter stays as it
    /// is.
    pub(super) fn into_published(mut self) -> Self {
        let Some(headers) = &self.frame.headers else { return self };
        let subject = headers.get(header::SUBJECT).map(HeaderValue::as_str).unwrap_or_default();
        let Some(origin) = Origin::of_letter(headers).filter(|_| !subject.is_empty()) else { return self };
        let (subject, headers) = (subject.into(), original_headers(headers));
        self.frame.subject = subject;
        self.frame.headers = Some(headers);
        self.origin = Some(Box::new(origin));
        self
    }

    /// Where the event stands in the stream that it was published to.
    pub(super) fn origin(&self) -> Origin {
        if let Some(origin) = &self.origin {
            return (**origin).clone();
        }
        let Position { sequence, published_ns, .. } = self.position;
        let published = DateTime::from_timestamp_nanos(published_ns);
        Origin {
            stream: self.stream().to_owned(),
            sequence,
            published: published.to_rfc3339_opts(SecondsFormat::Nanos, true),
            published_ns,
            replays: 0,
        }
    }

    /// The sequence of the event in the stream that it was published to, and when it was stored there, in ns since the epoch.
    pub(super) fn published_at(&self) -> (u64, i64) {
        let position = (self.position.sequence, self.position.published_ns);
        self.origin.as_ref().map_or(position, |origin| (origin.sequence, origin.published_ns))
    }

    /// Name of the stream that it stands in.
    pub(super) fn stream(&self) -> &str {
        self.frame.reply.as_ref().and_then(|reply| parse(reply)).map_or("", |(stream, _)| stream)
    }
}

impl Deref for Received {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.frame
    }
}

/// Reads a reply subject (ADR-15): behind `$JS.ACK` stand stream, consumer, deliveries, sequence in the stream and
/// in the consumer, ns since the epoch, and what is pending. Newer servers put domain and account before them, and
/// may put more behind.
fn parse(reply: &str) -> Option<(&str, Position)> {
    let rest = reply.strip_prefix("$JS.ACK.")?;
    let mut begin = 0;
    // An iterator of this crate, because the one of the standard library is set up for long texts.
    let ends = memchr::memchr_iter(b'.', rest.as_bytes()).chain([rest.len()]);
    let mut tokens = ends.map(|end| &rest[std::mem::replace(&mut begin, end + 1)..end]);
    match memchr::memchr_iter(b'.', rest.as_bytes()).count() {
        6 => {}
        8.. => drop(tokens.nth(1)),
        _ => return None,
    }
    let (stream, _consumer) = (tokens.next()?, tokens.next()?);
    let delivered = number(tokens.next()?)?;
    let sequence = number(tokens.next()?)?;
    let consumer_sequence = number(tokens.next()?)?;
    let published_ns = i64::try_from(number(tokens.next()?)?).ok()?;
    let pending = number(tokens.next()?)?;
    Some((stream, Position { sequence, published_ns, delivered, consumer_sequence, pending }))
}

/// A number of digits alone.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_u64, |sum, b| {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Position = Position {
        sequence: 7,
        published_ns: 1_769_860_800_123_456_789,
        delivered: 2,
        consumer_sequence: 9,
        pending: 40,
    };

    #[test]
    fn both_forms_of_a_reply_subject_are_read() {
        for reply in [
            "$JS.ACK.orders.expiration.2.7.9.1769860800123456789.40",
            "$JS.ACK._.hash.orders.expiration.2.7.9.1769860800123456789.40",
            "$JS.ACK.hub.hash.orders.expiration.2.7.9.1769860800123456789.40.token",
            "$JS.ACK.hub.hash.orders.expiration.2.7.9.1769860800123456789.40.token.and.more",
        ] {
            assert_eq!(parse(reply), Some(("orders", PLACE)), "{reply}");
        }
    }

    #[test]
    fn another_subject_is_not_a_reply_subject_of_jetstream() {
        for reply in ["", "_INBOX.x", "$JS.ACK.", "$JS.ACK.a.b.2.7.9.ns.40", "$JS.ACK.a.b.1.2.3.4.5.6"] {
            assert_eq!(parse(reply), None, "{reply}");
        }
    }
}
