//! One GET, as a probe sends it.

use std::{io, net::Ipv4Addr, time::Duration};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A paused process accepts connections and never answers.
const LIMIT: Duration = Duration::from_secs(5);

/// Status and body of a GET of this path at a port on loopback.
///
/// # Errors
/// When nothing answers within 5 s, or what answers is not HTTP.
pub async fn get(port: u16, path: &str) -> Result<(u16, String)> {
    let what = || format!("GET http://127.0.0.1:{port}{path}");
    let answer = match tokio::time::timeout(LIMIT, exchange(port, path)).await {
        Ok(answer) => answer.with_context(what)?,
        Err(_) => bail!("{}: no answer within {LIMIT:?}", what()),
    };
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok((status.with_context(|| format!("{}: not HTTP: {head:?}", what()))?, String::from(body)))
}

/// HTTP/1.0: the body ends with the connection, and is never chunked.
async fn exchange(port: u16, path: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}
