//! One request, as a probe or a buyer's browser sends it.

use std::{io, net::Ipv4Addr, time::Duration};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A paused process accepts connections and never answers.
const LIMIT: Duration = Duration::from_secs(5);

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// The whole header, such as `session=...`.
    pub(crate) cookie: Option<&'a str>,
    /// A JSON body.
    pub(crate) json: Option<&'a str>,
}

/// The status and the body of a GET.
pub(super) async fn get(port: u16, path: &str) -> Result<(u16, String)> {
    send(port, Request { method: "GET", path, cookie: None, json: None }, LIMIT).await
}

/// The status and the body.
pub(crate) async fn send(port: u16, request: Request<'_>, limit: Duration) -> Result<(u16, String)> {
    let what = || format!("{} http://127.0.0.1:{port}{}", request.method, request.path);
    let answer = match tokio::time::timeout(limit, exchange(port, request)).await {
        Ok(answer) => answer.with_context(what)?,
        Err(_) => bail!("{}: no answer within {limit:?}", what()),
    };
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok((status.with_context(|| format!("{}: not HTTP: {head:?}", what()))?, String::from(body)))
}

/// HTTP/1.0: the body ends with the connection, and is never chunked.
async fn exchange(port: u16, request: Request<'_>) -> io::Result<Vec<u8>> {
    let Request { method, path, cookie, json } = request;
    let mut text = format!("{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n");
    if let Some(cookie) = cookie {
        text += &format!("Cookie: {cookie}\r\n");
    }
    if let Some(json) = json {
        text += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", json.len());
    }
    text += "\r\n";
    text += json.unwrap_or_default();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(text.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}
