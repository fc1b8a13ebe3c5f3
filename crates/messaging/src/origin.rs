//! Where a message stood before it was given up.

use async_nats::{HeaderMap, HeaderName, HeaderValue};
use chrono::DateTime;

use super::dead_letter_header as header;

/// The place of an event in the stream that it was published to. That of a dead letter stays the same however often it is
/// replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) stream: String,
    pub(super) sequence: u64,
    /// When it was stored, RFC 3339 with ns.
    pub(super) published: String,
    pub(super) published_ns: i64,
    /// How often it was replayed since, this time included.
    pub(super) replays: u32,
}

impl Origin {
    /// As the headers of a dead letter, or of its replay, tell it; none if they are not all there.
    pub(super) fn of_letter(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name).map(HeaderValue::as_str);
        let published = text(header::PUBLISHED)?;
        let published_ns = DateTime::parse_from_rfc3339(published).ok()?.timestamp_nanos_opt()?;
        Some(Self {
            stream: text(header::STREAM)?.to_owned(),
            sequence: text(header::SEQUENCE)?.parse().ok()?,
            published: published.to_owned(),
            published_ns,
            replays: replays(headers),
        })
    }
}

/// How often a dead letter was replayed, as its headers tell.
pub(super) fn replays(headers: &HeaderMap) -> u32 {
    headers.get(header::REPLAYS).and_then(|replays| replays.as_str().parse().ok()).unwrap_or_default()
}

/// The headers that a dead letter's message had at first.
pub(super) fn original_headers(letter: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, values) in letter.iter() {
        let name = name.to_string();
        let Some(name) = name.strip_prefix(header::ORIGINAL) else { continue };
        let Ok(name) = name.parse::<HeaderName>() else { continue };
        values.iter().for_each(|value| headers.append(name.clone(), value.clone()));
    }
    headers
}
