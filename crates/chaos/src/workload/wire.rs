//! Events as services publish them that are not ours, and copies of those that were published before.

use std::time::Duration;

use anyhow::{Context as _, Result};
use async_nats::{
    ConnectOptions, HeaderMap,
    header::NATS_MESSAGE_ID,
    jetstream::{self, Context},
};
use bytes::Bytes;
use tokio::time::timeout;

/// How long one waits for the broker's answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Finds a server that is gone without a word.
const PING_INTERVAL: Duration = Duration::from_secs(1);
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
const LONGEST_RECONNECT_DELAY: Duration = Duration::from_millis(250);

/// A connection to the broker of somebody who may do everything.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    pub(super) jetstream: Context,
}

/// Options that go on trying for as long as it takes.
pub(super) fn options(name: &str) -> ConnectOptions {
    ConnectOptions::new()
        .name(name)
        .ping_interval(PING_INTERVAL)
        .connection_timeout(CONNECTION_TIMEOUT)
        .retry_on_initial_connect()
        .max_reconnects(None)
        .reconnect_delay_callback(|attempt| {
            (Duration::from_millis(10) * attempt.min(25) as u32).min(LONGEST_RECONNECT_DELAY)
        })
}

/// The broker's servers.
pub(super) fn servers(urls: &str) -> Vec<String> {
    urls.split(',').map(|url| url.trim().to_owned()).collect()
}

impl Wire {
    /// Starts to connect.
    ///
    /// # Errors
    /// Only when an address is none.
    pub(super) async fn connect(urls: &str) -> Result<Self> {
        let client =
            options("chaos").connect(servers(urls)).await.context("start to connect to the broker")?;
        Ok(Self { jetstream: jetstream::new(client) })
    }

    /// Publishes once; whether the broker says that it has it. Without its answer it may have it all the same.
    #[expect(clippy::disallowed_methods, reason = "this plays services that are not ours")]
    pub(super) async fn publish(&self, subject: &str, message_id: &str, body: Bytes) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, message_id);
        let sent = async {
            let sent = self.jetstream.publish_with_headers(subject.to_owned(), headers, body).await.ok()?;
            sent.await.ok()
        };
        timeout(PATIENCE, sent).await.is_ok_and(|stored| stored.is_some())
    }
}
