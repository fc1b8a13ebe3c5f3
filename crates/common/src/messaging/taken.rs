//! A message in hand, and where it stands.

use std::ops::Deref;

use async_nats::Message;

/// A message that the broker delivered and that has no answer yet.
///
/// Not `async_nats::jetstream::Message`: that one carries a clone of the whole client, a dozen counters that every
/// message would raise and lower.
#[derive(Debug)]
pub(super) struct Taken {
    frame: Message,
    pub(super) place: Place,
}

/// Where a message stands in its stream, since when, and for which time it is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) sequence: u64,
    pub(super) published_ns: i64,
    pub(super) delivered: u64,
}

impl Taken {
    /// The message, unless its reply subject is none of JetStream's.
    pub(super) fn new(frame: Message) -> Option<Self> {
        let (_, place) = parse(frame.reply.as_ref()?)?;
        Some(Self { frame, place })
    }

    /// Name of the stream that it stands in.
    pub(super) fn stream(&self) -> &str {
        self.frame.reply.as_ref().and_then(|reply| parse(reply)).map_or("", |(stream, _)| stream)
    }
}

impl Deref for Taken {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.frame
    }
}

/// Reads a reply subject (ADR-15): behind `$JS.ACK` stand stream, consumer, deliveries, sequence in the stream and
/// in the consumer, ns since the epoch, and what is pending. Newer servers put domain and account before them, and
/// may put more behind.
fn parse(reply: &str) -> Option<(&str, Place)> {
    let mut tokens = [""; 12];
    let mut count = 0;
    for (slot, token) in tokens.iter_mut().zip(reply.strip_prefix("$JS.ACK.")?.split('.')) {
        *slot = token;
        count += 1;
    }
    let first = match count {
        7 => 0,
        9.. => 2,
        _ => return None,
    };
    let [stream, _consumer, delivered, sequence, _, published_ns] = tokens[first..first + 6] else { return None };
    let place = Place {
        sequence: sequence.parse().ok()?,
        published_ns: published_ns.parse().ok()?,
        delivered: delivered.parse().ok()?,
    };
    Some((stream, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { sequence: 7, published_ns: 1_769_860_800_123_456_789, delivered: 2 };

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
    fn another_subject_is_none_of_jetstreams() {
        for reply in ["", "_INBOX.x", "$JS.ACK.", "$JS.ACK.a.b.2.7.9.ns.40", "$JS.ACK.a.b.1.2.3.4.5.6"] {
            assert_eq!(parse(reply), None, "{reply}");
        }
    }
}
