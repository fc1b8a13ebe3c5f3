//! Whether a server is ready, asked in its own protocol: an open port says nothing.

use std::{net::Ipv4Addr, time::Duration};

use sqlx::{Connection, PgConnection};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const ASKED_AGAIN: Duration = Duration::from_secs(1);

/// How to talk to a server on loopback.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol {
    Nats,
    Redis,
    Postgres,
}

impl Protocol {
    pub(crate) fn url(self, port: u16) -> String {
        match self {
            Self::Nats => format!("nats://127.0.0.1:{port}"),
            Self::Redis => format!("redis://127.0.0.1:{port}"),
            Self::Postgres => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        }
    }

    /// Ready, or what is missing.
    pub(crate) async fn probe(self, port: u16) -> Result<(), String> {
        // Refused on the spot while nobody listens, where a client might try for longer.
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(|error| format!("connect: {error}"))?;
        match self {
            Self::Nats => account_info(&self.url(port)).await,
            Self::Redis => ping(stream).await,
            Self::Postgres => select_one(&self.url(port)).await,
        }
    }
}

/// NATS listens before JetStream has recovered its streams.
async fn account_info(url: &str) -> Result<(), String> {
    let client = async_nats::connect(url).await.map_err(|error| format!("connect: {error}"))?;
    let mut jetstream = async_nats::jetstream::new(client);
    // A cluster without a leader does not answer; asked again it may have one.
    jetstream.set_timeout(ASKED_AGAIN);
    let account = jetstream.query_account().await;
    account.map(drop).map_err(|error| format!("JetStream's account info: {error}"))
}

/// Redis listens before it has loaded its data, and then says `-LOADING`.
async fn ping(mut stream: TcpStream) -> Result<(), String> {
    let mut answer = [0; 64];
    let length = async {
        stream.write_all(b"PING\r\n").await?;
        stream.read(&mut answer).await
    };
    let length = length.await.map_err(|error| format!("PING: {error}"))?;
    let answer = String::from_utf8_lossy(&answer[..length]);
    // With a password set, being asked for it is as good.
    if answer.starts_with("+PONG") || answer.starts_with("-NOAUTH") {
        return Ok(());
    }
    Err(format!("PING: {}", answer.trim_end()))
}

async fn select_one(url: &str) -> Result<(), String> {
    let mut connection = PgConnection::connect(url).await.map_err(|error| format!("connect: {error}"))?;
    let one = sqlx::query("SELECT 1").execute(&mut connection).await;
    one.map_err(|error| format!("SELECT 1: {error}"))?;
    connection.close().await.map_err(|error| format!("close: {error}"))
}
