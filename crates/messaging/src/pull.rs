//! The requests to the broker for the messages of one durable consumer, and the subscription through which they come.
//!
//! It is our own because `async_nats`' endless pull asks for more whenever it is polled: it can't be closed under
//! load without leaving a batch that is on its way to its ack wait, and it goes on asking while nobody takes what
//! comes. This one asks only in [`Pull::next`], and its requests stand for so short a time that closing waits for
//! the end of each: then nothing is on its way any more.

use std::{sync::atomic::Ordering, time::Duration};

use async_nats::{Client, StatusCode, Subject, Subscriber, connection::State};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use tokio::{
    task::coop::unconstrained,
    time::{Instant, timeout_at},
};
use tracing::warn;

use super::received::Received;

/// How long a request stands at the server, which says so when it ends: that is the heartbeat as well.
const EXPIRES: Duration = Duration::from_secs(1);
/// Silence after which what was asked for is lost.
const LONGEST_SILENCE: Duration = Duration::from_secs(4);
/// When closing, how long the end of the requests is awaited.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// An open pull. Up to one and a half batches are asked for or wait in memory.
#[derive(Debug)]
pub(super) struct Pull {
    client: Client,
    subscriber: Subscriber,
    inbox: Subject,
    subject: Subject,
    request: Bytes,
    batch: usize,
    /// Messages that the server may send without being asked again, or that wait in memory.
    asked: usize,
    heard_at: Instant,
    /// When something came last that was waited for: what was here already when it was taken came later.
    waited_at: Instant,
    /// Whether anything came since then without being awaited.
    heard_something: bool,
    ack_wait: Duration,
    /// Which one of the client's connections it was opened on: the requests end with the connection.
    connection: u64,
    consumer_is_deleted: bool,
}

impl Pull {
    /// Subscribes; asks for nothing yet.
    ///
    /// # Errors
    /// When the client is closed.
    pub(super) async fn open(
        client: &Client,
        stream: &str,
        consumer: &str,
        ack_wait: Duration,
        batch: usize,
    ) -> anyhow::Result<Self> {
        let connection = connection(client);
        let inbox = Subject::from(client.new_inbox());
        let subscriber = client.subscribe(inbox.clone()).await?;
        let request = serde_json::json!({
            "batch": batch,
            "expires": EXPIRES.as_nanos() as u64,
        });
        Ok(Self {
            client: client.clone(),
            subscriber,
            inbox,
            subject: format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}").into(),
            request: request.to_string().into(),
            batch,
            asked: 0,
            heard_at: Instant::now(),
            waited_at: Instant::now(),
            heard_something: false,
            ack_wait,
            connection,
            consumer_is_deleted: false,
        })
    }

    /// How often the broker wants to hear of a message in hand, with two to spare.
    pub(super) fn progress_interval(&self) -> Duration {
        (self.ack_wait / 3).max(Duration::from_millis(1))
    }

    /// Which one of the client's connections it was opened on.
    pub(super) fn connection(&self) -> u64 {
        self.connection
    }

    /// No message that it hands out from now on came before this.
    pub(super) fn waited_at(&self) -> Instant {
        self.waited_at
    }

    /// Whether the broker said that somebody deleted the consumer.
    pub(super) fn consumer_is_deleted(&self) -> bool {
        self.consumer_is_deleted
    }

    /// Whether the connection on which it asked is gone, and with it what it had asked for.
    pub(super) fn is_cut_off(&self) -> bool {
        connection(&self.client) != self.connection
    }

    /// The next message; asks for more in time. Dropped half-way it loses nothing.
    ///
    /// # Errors
    /// With the reason for which no message will come any more.
    pub(super) async fn next(&mut self) -> Result<Received, String> {
        loop {
            if self.asked <= self.batch / 2 {
                self.ask().await?;
            }
            let frame = match self.subscriber.next().now_or_never() {
                Some(frame) => {
                    self.heard_something = true;
                    frame
                }
                None => self.hear().await?,
            };
            let frame = frame.ok_or("the client closed its subscription")?;
            if let Some(message) = self.accept(frame)? {
                return Ok(message);
            }
        }
    }

    /// Waits for what the server sends next.
    async fn hear(&mut self) -> Result<Option<async_nats::Message>, String> {
        // Read here and not for each message: the clock is a tenth of what a message costs.
        if std::mem::take(&mut self.heard_something) {
            self.heard_at = Instant::now();
        }
        let frame = timeout_at(self.heard_at + LONGEST_SILENCE, self.subscriber.next()).await;
        self.heard_at = Instant::now();
        self.waited_at = self.heard_at;
        frame.map_err(|_elapsed| format!("the broker was silent for {LONGEST_SILENCE:?}"))
    }

    /// A message, or the end, that is here already.
    pub(super) fn next_buffered(&mut self) -> Option<Result<Received, String>> {
        // Without `unconstrained` the runtime's budget would end every batch at about a hundred.
        unconstrained(self.next()).now_or_never()
    }

    /// Asks no more, and answers what had been asked for and came: it has to be given back.
    pub(super) async fn close(mut self) -> Vec<Received> {
        let deadline = Instant::now() + CLOSE_LIMIT;
        let mut left = Vec::new();
        while self.asked > 0 {
            let frame = match unconstrained(self.subscriber.next()).now_or_never() {
                Some(frame) => frame,
                // What was asked for on another connection will never end.
                None if self.is_cut_off() || self.client.connection_state() != State::Connected => break,
                None => timeout_at(deadline, self.subscriber.next()).await.ok().flatten(),
            };
            let Some(frame) = frame else { break };
            left.extend(self.accept(frame).ok().flatten());
        }
        left
    }

    /// On the connection that it was opened on, and on no other: there the consumer may be another one.
    async fn ask(&mut self) -> Result<(), String> {
        if self.is_cut_off() {
            return Err("the connection was lost".to_owned());
        }
        let (subject, inbox) = (self.subject.clone(), self.inbox.clone());
        let sent = self.client.publish_with_reply(subject, inbox, self.request.clone()).await;
        sent.map_err(|error| error.to_string())?;
        self.asked += self.batch;
        self.heard_at = Instant::now();
        Ok(())
    }

    /// What the server sent: a message, something about a request, or the reason why no more will come.
    fn accept(&mut self, frame: async_nats::Message) -> Result<Option<Received>, String> {
        match frame.status.unwrap_or(StatusCode::OK) {
            StatusCode::OK => {
                self.asked = self.asked.saturating_sub(1);
                let received = Received::new(frame);
                if received.is_none() {
                    warn!("a message without a JetStream reply subject can't be answered");
                }
                Ok(received)
            }
            StatusCode::NO_RESPONDERS => Err("there is no such consumer".to_owned()),
            status => match unserved(&frame) {
                // One request has ended, which every one does.
                Some(unserved) => {
                    self.asked = self.asked.saturating_sub(unserved);
                    Ok(None)
                }
                None => {
                    self.consumer_is_deleted = is_deletion(&frame);
                    Err(format!("{status} {}", frame.description.unwrap_or_default()))
                }
            },
        }
    }
}

/// How many messages of a request that has ended will not come.
pub(super) fn unserved(frame: &async_nats::Message) -> Option<usize> {
    if is_deletion(frame) {
        return None;
    }
    frame.headers.as_ref()?.get("Nats-Pending-Messages")?.as_str().parse().ok()
}

fn is_deletion(frame: &async_nats::Message) -> bool {
    frame.description.as_deref() == Some("Consumer Deleted")
}

/// Counts the connections that a client has had.
pub(super) fn connection(client: &Client) -> u64 {
    client.statistics().connects.load(Ordering::Relaxed)
}
