//! Answers that come before the body was read: over a plain connection, as a proxy in front keeps one.

use std::{net::SocketAddr, time::Duration};

use process::http::{bind, serve};
use tickets::http::{Api, router};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;
use web::Sessions;

use crate::{
    api::{KEY, session},
    world::World,
};

async fn served() -> SocketAddr {
    let world = World::new().await;
    let api = Api {
        store: world.store.clone(),
        sessions: Sessions::new(KEY.into()),
        most_edits_a_minute: None,
        internal_token: None,
    };
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router(api), Duration::from_secs(75), CancellationToken::new()));
    addr
}

/// The head of a `POST /api/tickets` with a body of so many bytes.
fn head(cookie: &str, length: usize, more: &str) -> String {
    format!(
        "POST /api/tickets HTTP/1.1\r\nHost: test\r\nCookie: {cookie}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n"
    )
}

/// The status of the next answer, which is read whole.
async fn status(stream: &mut BufReader<TcpStream>) -> u16 {
    let (mut status, mut length) = (0, 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let line = line.trim_end().to_lowercase();
        if let Some(rest) = line.strip_prefix("http/1.1 ") {
            status = rest[..3].parse().unwrap();
        } else if let Some(rest) = line.strip_prefix("content-length: ") {
            length = rest.parse().unwrap();
        } else if line.is_empty() {
            break;
        }
    }
    stream.read_exact(&mut vec![0; length]).await.unwrap();
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_before_the_body_was_read_arrives_and_the_connection_goes_on() {
    let addr = served().await;
    for (cookie, length, expected) in [(String::new(), 17_000, 401), (session("u-1"), 40_000, 413)] {
        for _ in 0..50 {
            let mut stream = BufReader::new(TcpStream::connect(addr).await.unwrap());
            stream.write_all(head(&cookie, length, "").as_bytes()).await.unwrap();
            for piece in vec![b' '; length].chunks(1_000) {
                stream.write_all(piece).await.unwrap();
            }
            assert_eq!(status(&mut stream).await, expected);
            stream.write_all(b"GET /api/tickets HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
            assert_eq!(status(&mut stream).await, 200, "after {expected}");
        }
    }
}

#[tokio::test]
async fn who_asks_before_sending_the_body_gets_the_refusal_and_not_100() {
    let addr = served().await;
    let expect = "Expect: 100-continue\r\n";
    for (cookie, length, expected) in
        [(String::new(), 100, 401), (session("u-1"), 40_000, 413), (session("u-1"), 2, 100)]
    {
        let mut stream = BufReader::new(TcpStream::connect(addr).await.unwrap());
        stream.write_all(head(&cookie, length, expect).as_bytes()).await.unwrap();
        assert_eq!(status(&mut stream).await, expected);
    }
}
