//! Requests as bytes, because no HTTP client would send most of these.

use std::{io, net::Ipv4Addr, time::Duration};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// What came back before the server closed the connection.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The lines above the body, as they came.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

/// One request, line by line; `Connection: close` is among them.
pub(super) fn request(
    method: &str,
    target: impl AsRef<[u8]>,
    headers: &[(&str, &[u8])],
    body: &[u8],
) -> Vec<u8> {
    let mut bytes = [method.as_bytes(), b" ", target.as_ref(), b" HTTP/1.1\r\n"].concat();
    let length = body.len().to_string();
    let mut all: Vec<(&str, &[u8])> = vec![("Host", b"127.0.0.1"), ("Connection", b"close")];
    if !body.is_empty() {
        all.push(("Content-Length", length.as_bytes()));
    }
    for (name, value) in all.iter().chain(headers) {
        bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

/// Sends these bytes and reads to the end; `None` is a connection that was closed without an answer.
///
/// # Errors
/// When there is no end within `limit`, or what comes back is not HTTP.
pub(super) async fn send(port: u16, bytes: &[u8], limit: Duration) -> Result<Option<Answer>> {
    let answer = tokio::time::timeout(limit, exchange(port, bytes)).await;
    let Ok(answer) = answer else { bail!("no answer within {limit:?}") };
    let answer = answer.context("speak TCP")?;
    if answer.is_empty() {
        return Ok(None);
    }
    read(&answer).map(Some)
}

async fn exchange(port: u16, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let (mut reader, mut writer) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?.into_split();
    let mut answer = Vec::new();
    // At the same time, because a request that is refused half-way is never read to its end.
    let write = async {
        let _ = writer.write_all(bytes).await;
        writer
    };
    let (read, _writer) = tokio::join!(reader.read_to_end(&mut answer), write);
    match read {
        // The server does not read on after its answer, so the connection is reset.
        Err(reset) if reset.kind() == io::ErrorKind::ConnectionReset => Ok(answer),
        other => other.map(|_| answer),
    }
}

/// Reads an answer that came to its end.
pub(super) fn read(answer: &[u8]) -> Result<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("an answer without an end")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("not HTTP: {head:?}"))?;
    Ok(Answer { status, head, body: answer[end + 4..].to_vec() })
}

impl Answer {
    /// Whether the body is `{"errors": [{"message", "field"?}]}` with at least one error, and nothing else.
    pub(super) fn is_in_the_error_shape(&self) -> bool {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let Some(errors) = body["errors"].as_array() else { return false };
        let alone = body.as_object().is_some_and(|body| body.len() == 1);
        alone && !errors.is_empty() && errors.iter().all(is_an_error)
    }

    /// Whether a header line begins so, in lowercase.
    pub(super) fn has_header(&self, beginning: &str) -> bool {
        self.head.lines().skip(1).any(|line| line.to_ascii_lowercase().starts_with(beginning))
    }
}

fn is_an_error(error: &Value) -> bool {
    let text = |name: &str| error[name].as_str().is_some_and(|text| !text.is_empty());
    let fields = error.as_object().map_or(0, serde_json::Map::len);
    text("message") && (fields == 1 || (fields == 2 && text("field")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        read(format!("HTTP/1.1 400 Bad Request\r\nX-A: b\r\n\r\n{body}").as_bytes()).unwrap()
    }

    #[test]
    fn only_a_list_of_messages_is_in_the_error_shape() {
        for good in [r#"{"errors":[{"message":"a"}]}"#, r#"{"errors":[{"message":"a","field":"b"}]}"#] {
            assert!(answer(good).is_in_the_error_shape(), "{good}");
        }
        for bad in [
            "",
            "{}",
            "bad request",
            r#"{"errors":[]}"#,
            r#"{"errors":[{"field":"b"}]}"#,
            r#"{"errors":[{"message":""}]}"#,
            r#"{"errors":[{"message":"a","field":null}]}"#,
            r#"{"errors":[{"message":"a"}],"stack":"at"}"#,
        ] {
            assert!(!answer(bad).is_in_the_error_shape(), "{bad}");
        }
    }

    #[test]
    fn an_answer_is_read_line_by_line() {
        let answer = answer("x");
        assert_eq!((answer.status, answer.body.as_slice()), (400, &b"x"[..]));
        assert!(answer.has_header("x-a:") && !answer.has_header("http"));
    }

    #[test]
    fn a_request_names_the_length_of_its_body() {
        let bytes = request("POST", "/a", &[("X", b"\xff")], b"{}");
        let expected = b"POST /a HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 2\r\nX: \xff\r\n\r\n{}";
        assert_eq!(bytes, expected);
    }
}
