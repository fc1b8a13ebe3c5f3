//! Whether a message in hand may still be answered.
//!
//! An answer names its consumer by name and its message by sequence. A consumer that was deleted and made anew, or went back with
//! its stream to an older copy of their files, takes an answer to a message of before for one to its own of that sequence; an ack
//! would lose that one. So an answer is sent without a question only for as long as nobody makes a consumer anew. After that, and
//! after a pull that broke, the broker is asked whether the consumer is the one that delivered the message and stands behind it.
//! An answer that is not sent costs a second delivery, which every handler bears.
//!
//! What this can't tell: a stream that lost its newest messages and delivered as many new ones before it was asked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{Client, connection::State, jetstream::consumer};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{api::ask, pull};

/// How long an answer needs no question. Shorter than the pause in which a consumer that is made anew is not there.
const FRESH: Duration = Duration::from_millis(250);

/// An older server that was started again tells another instant at which it made a consumer, later or earlier by the time that this
/// took. Shorter than the pause, too.
const SAME_BIRTH: Duration = Duration::from_millis(500);

/// One life of a durable consumer, as an open pull knows it.
#[derive(Debug)]
pub(super) struct Incarnation {
    client: Client,
    stream: String,
    consumer: String,
    created: DateTime<Utc>,
    /// Which one of the client's connections it was found on.
    connection: u64,
    /// The pull broke, so the consumer may be gone.
    doubted: AtomicBool,
    /// It is gone.
    ended: AtomicBool,
}

/// What the broker says of the consumer that has its name now.
#[derive(Deserialize)]
struct Info {
    created: DateTime<Utc>,
    delivered: Delivered,
}

#[derive(Deserialize)]
struct Delivered {
    stream_seq: u64,
}

impl Incarnation {
    /// Of a consumer that was found on this connection.
    pub(super) fn of(client: &Client, connection: u64, found: &consumer::Info) -> Self {
        let ns = i64::try_from(found.created.unix_timestamp_nanos()).unwrap_or_default();
        Self {
            client: client.clone(),
            stream: found.stream_name.clone(),
            consumer: found.name.clone(),
            created: DateTime::from_timestamp_nanos(ns),
            connection,
            doubted: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    /// From now on no answer is sent without a question.
    pub(super) fn doubt(&self) {
        self.doubted.store(true, Ordering::Relaxed);
    }

    /// Whether another consumer has its name, or none.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    fn is_doubted(&self) -> bool {
        self.doubted.load(Ordering::Relaxed) || self.is_on_another_connection()
    }

    fn is_on_another_connection(&self) -> bool {
        pull::connection(&self.client) != self.connection
    }

    fn is(&self, created: DateTime<Utc>) -> bool {
        let apart = (created - self.created).abs().to_std().unwrap_or(Duration::MAX);
        apart.is_zero() || apart < SAME_BIRTH && self.is_on_another_connection()
    }

    /// The sequence up to which this consumer has delivered messages; 0 for one that has ended.
    async fn delivered_up_to(&self) -> anyhow::Result<u64> {
        if self.has_ended() {
            return Ok(0);
        }
        let question = format!("CONSUMER.INFO.{}.{}", self.stream, self.consumer);
        let found: Option<Info> = ask(&self.client, &question, None).await?;
        if let Some(Info { delivered, .. }) = found.filter(|info| self.is(info.created)) {
            return Ok(delivered.stream_seq);
        }
        if !self.ended.swap(true, Ordering::Relaxed) {
            let consumer = &self.consumer;
            info!(consumer, "{consumer} was made anew: what it delivered before comes again");
        }
        Ok(0)
    }
}

/// Messages that one pull handed out together.
#[derive(Debug)]
pub(super) struct Hand {
    incarnation: Arc<Incarnation>,
    /// None of the messages came before this.
    since: Instant,
    /// The process drains: nothing waits for a broker that is away.
    stop: CancellationToken,
    /// When the broker was asked last, and up to which sequence its consumer had delivered.
    asked: Mutex<Option<(Instant, u64)>>,
}

impl Hand {
    pub(super) fn new(incarnation: Arc<Incarnation>, since: Instant, stop: CancellationToken) -> Self {
        Self { incarnation, since, stop, asked: Mutex::default() }
    }

    /// The sequence up to which its messages may be answered now; 0: none of them. While the broker is away it waits a little.
    pub(super) async fn answerable(&self) -> u64 {
        let is_connected = self.incarnation.client.connection_state() == State::Connected;
        if is_connected && self.since.elapsed() < FRESH && !self.incarnation.is_doubted() {
            return u64::MAX;
        }
        // One question for all messages of a batch that are answered at the same time.
        let mut asked = self.asked.lock().await;
        match *asked {
            Some((at, up_to)) if at.elapsed() < FRESH => return up_to,
            _ if !is_connected && self.stop.is_cancelled() => return 0,
            _ => {}
        }
        // What the broker does not answer for comes again.
        let up_to = self.incarnation.delivered_up_to().await.unwrap_or_default();
        *asked = Some((Instant::now(), up_to));
        up_to
    }
}
