//! A dead letter, as its headers tell it.

use std::collections::BTreeMap;

use async_nats::{HeaderMap, HeaderValue};
use bytes::Bytes;

use crate::StoredMessage;
use crate::{
    dead_letter_header as header,
    origin::{original_headers, replays},
};

/// One dead letter. What a letter of somebody else's does not tell is empty.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its sequence among the dead letters.
    pub sequence: u64,
    /// When it was stored there, in ns since the epoch.
    pub stored_ns: i64,
    /// The body: of the message, or its beginning where [`Self::cut_from`] says so.
    pub payload: Bytes,
    /// How many more there were to read behind it.
    pub pending: u64,
    subject: String,
    pub(super) headers: HeaderMap,
}

impl From<StoredMessage> for Letter {
    fn from(message: StoredMessage) -> Self {
        let StoredMessage { subject, sequence, stored_ns, headers, payload, pending } = message;
        Self { sequence, stored_ns, payload, pending, subject, headers }
    }
}

impl Letter {
    fn text(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", HeaderValue::as_str)
    }

    /// The durable consumer that gave it up.
    pub fn consumer(&self) -> &str {
        match self.text(header::CONSUMER) {
            "" => self.subject.split('.').nth(1).unwrap_or_default(),
            consumer => consumer,
        }
    }

    /// The subject of the message.
    pub fn subject(&self) -> &str {
        self.text(header::SUBJECT)
    }

    /// Why it was given up.
    pub fn reason(&self) -> &str {
        self.text(header::REASON)
    }

    /// The stream that the message came from.
    pub fn stream(&self) -> &str {
        self.text(header::STREAM)
    }

    /// The message's sequence there; 0 where the letter does not tell.
    pub fn stream_sequence(&self) -> u64 {
        self.text(header::SEQUENCE).parse().unwrap_or_default()
    }

    /// When the message was stored there, RFC 3339.
    pub fn published_at(&self) -> &str {
        self.text(header::PUBLISHED)
    }

    /// How often it was replayed, and failed again.
    pub fn replays(&self) -> u32 {
        replays(&self.headers)
    }

    /// The length of the body in bytes, where it was cut.
    pub fn cut_from(&self) -> Option<u64> {
        self.text(header::CUT_FROM).parse().ok()
    }

    /// The headers of the message, by name.
    pub fn original_headers(&self) -> BTreeMap<String, Vec<String>> {
        let values = |values: &[HeaderValue]| values.iter().map(|value| value.as_str().to_owned()).collect();
        original_headers(&self.headers).iter().map(|(name, all)| (name.to_string(), values(all))).collect()
    }
}
