//! One stored message, by its sequence or as the last or next of a subject.
//!
//! Our own, because `async_nats` keeps one value of a header that a stored message has twice.

use anyhow::Context as _;
use async_nats::{Client, HeaderMap, HeaderName, HeaderValue};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::api::ask;

/// A message as the broker keeps it.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    /// What it was published on.
    pub subject: String,
    /// Its sequence in the stream.
    pub sequence: u64,
    /// When the broker stored it, in ns since the epoch.
    pub stored_ns: i64,
    /// Its headers, each with all of its values.
    pub headers: HeaderMap,
    /// Its body.
    pub payload: Bytes,
    /// How many more there were to read behind it; 0 where it was read alone.
    pub pending: u64,
}

#[derive(Deserialize)]
struct Answer {
    message: Raw,
}

#[derive(Deserialize)]
struct Raw {
    subject: String,
    seq: u64,
    time: DateTime<Utc>,
    #[serde(default)]
    hdrs: Option<String>,
    #[serde(default)]
    data: Option<String>,
}

/// The message that a request of `STREAM.MSG.GET` names, if it is there.
pub(super) async fn message(
    client: &Client,
    stream: &str,
    which: &Value,
) -> anyhow::Result<Option<StoredMessage>> {
    let answer: Option<Answer> = ask(client, &format!("STREAM.MSG.GET.{stream}"), Some(which)).await?;
    answer.map(|answer| answer.message.read()).transpose()
}

impl Raw {
    fn read(self) -> anyhow::Result<StoredMessage> {
        let decoded = |text: Option<String>| STANDARD.decode(text.unwrap_or_default());
        let payload = decoded(self.data).context("read the body of a stored message")?;
        let headers = decoded(self.hdrs).context("read the headers of a stored message")?;
        Ok(StoredMessage {
            subject: self.subject,
            sequence: self.seq,
            stored_ns: self.time.timestamp_nanos_opt().unwrap_or_default(),
            headers: parse_headers(&String::from_utf8_lossy(&headers)),
            payload: Bytes::from(payload),
            pending: 0,
        })
    }
}

/// Reads lines of `Name: value` behind the one with the version. A line that is none is left out.
fn parse_headers(text: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in text.split("\r\n").skip(1) {
        let Some((name, value)) = line.split_once(':').filter(|(name, _)| !name.is_empty()) else { continue };
        let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.trim().parse::<HeaderValue>()) else {
            continue;
        };
        headers.append(name, value);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_of_a_header_is_kept_and_what_is_no_header_is_left_out() {
        let headers =
            parse_headers("NATS/1.0\r\nTrace: one\r\nTrace: two: three\r\nnone\r\n: x\r\nEmpty:\r\n\r\n");
        let traces: Vec<_> = headers.get_all("Trace").map(HeaderValue::as_str).collect();
        assert_eq!(traces, ["one", "two: three"]);
        assert_eq!(headers.get("Empty").map(HeaderValue::as_str), Some(""));
        assert_eq!(headers.iter().count(), 2);
    }
}
