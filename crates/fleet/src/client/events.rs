//! Server-Sent Events, as far as `/api/live` sends them.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt as _;
use tokio::time::timeout;

use crate::exit::Failure;

/// Console says something every 10 s at least.
const SILENCE: Duration = Duration::from_secs(30);
/// A status has some KiB.
const LONGEST_EVENT: usize = 16 * 1024 * 1024;

/// The events of one answer.
pub(crate) struct Events {
    body: BodyDataStream,
    parser: Parser,
}

impl Events {
    pub(super) fn new(body: Body) -> Self {
        Self { body: body.into_data_stream(), parser: Parser::default() }
    }

    /// The data of the next event named `status`. `None`: the answer has ended.
    ///
    /// # Errors
    /// When it breaks off, or nothing comes.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, Failure> {
        loop {
            if let Some(event) = self.parser.next() {
                return Ok(Some(event));
            }
            match timeout(SILENCE, self.body.next()).await {
                Err(_elapsed) => {
                    return Err(Failure::away(format!("console says nothing for {} s", SILENCE.as_secs())));
                }
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(Failure::away(format!("console breaks off: {error}"))),
                Ok(Some(Ok(bytes))) => self.parser.push(&bytes)?,
            }
        }
    }
}

/// Bytes that were read and not used yet.
#[derive(Debug, Default)]
struct Parser {
    waiting: Vec<u8>,
}

impl Parser {
    fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.waiting.extend(bytes.iter().filter(|byte| **byte != b'\r'));
        if self.waiting.len() > LONGEST_EVENT {
            return Err(Failure::failed("console sends an event without an end"));
        }
        Ok(())
    }

    fn next(&mut self) -> Option<String> {
        loop {
            let end = self.waiting.windows(2).position(|pair| pair == b"\n\n")?;
            let event: Vec<u8> = self.waiting.drain(..end + 2).collect();
            if let Some(data) = status(&String::from_utf8_lossy(&event)) {
                return Some(data);
            }
        }
    }
}

/// The data of an event, if it is a status: comments keep the connection alive, and other events may come one day.
fn status(event: &str) -> Option<String> {
    let field = |name: &'static str| {
        event.lines().filter_map(move |line| {
            let value = line.strip_prefix(name)?.strip_prefix(':')?;
            Some(value.strip_prefix(' ').unwrap_or(value))
        })
    };
    let data: Vec<&str> = field("data").collect();
    (!data.is_empty() && field("event").next() == Some("status")).then(|| data.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut_and_others_are_passed_over() {
        let stream = ": hello\n\nevent: status\nid: 1\ndata: {\"a\":\ndata: 1}\n\nevent: other\ndata: x\n\n\
                      event:status\r\ndata:{}\r\n\r\nevent: status\ndata: half";
        for size in [1, 2, 7, stream.len()] {
            let mut parser = Parser::default();
            let mut seen = Vec::new();
            for part in stream.as_bytes().chunks(size) {
                parser.push(part).unwrap();
                seen.extend(std::iter::from_fn(|| parser.next()));
            }
            assert_eq!(seen, ["{\"a\":\n1}", "{}"], "in parts of {size}");
        }
    }

    #[test]
    fn an_event_without_an_end_is_not_kept_for_ever() {
        let mut parser = Parser::default();
        let part = vec![b'x'; LONGEST_EVENT];
        assert!(parser.push(&part).is_ok());
        assert!(parser.push(&part).is_err());
    }
}
