//! Messages of a stream in their order, from a sequence on: as many as are asked for, and no longer than is allowed.
//!
//! By a consumer that pushes: the broker sends as many as may be unanswered, none is answered, and it is gone soon after. Only for
//! streams on which nobody else has a consumer: whoever may make one may also change another by its name.

use std::time::Duration;

use anyhow::Context as _;
use async_nats::{Client, Message, Subscriber};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::StoredMessage;
use crate::{api::ask, received::Received};

/// How long the broker keeps a consumer that nobody listens to.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(2);

/// What to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'a> {
    pub(super) stream: &'a str,
    /// Only this subject.
    pub(super) filter: Option<&'a str>,
    /// From this sequence on.
    pub(super) begin: u64,
    /// At most so many.
    pub(super) most: usize,
    pub(super) limit: Duration,
}

/// How many a new consumer has to deliver.
#[derive(Deserialize)]
struct Created {
    num_pending: u64,
    delivered: Delivered,
}

#[derive(Deserialize)]
struct Delivered {
    consumer_seq: u64,
}

impl Reading<'_> {
    fn request(&self, inbox: &str) -> Value {
        let mut config = json!({
            "deliver_subject": inbox,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self.begin.max(1),
            "ack_policy": "explicit",
            "max_ack_pending": self.most,
            "max_deliver": 1,
            "replay_policy": "instant",
            "inactive_threshold": FORGOTTEN_AFTER.as_nanos() as u64,
            "mem_storage": true,
            "num_replicas": 1,
        });
        if let Some(filter) = self.filter {
            config["filter_subject"] = filter.into();
        }
        json!({ "stream_name": self.stream, "config": config })
    }
}

/// A reading that has begun: messages come until there is none left, or there were enough, or the time is over.
pub(super) struct Reader {
    subscriber: Subscriber,
    left: usize,
    deadline: Instant,
}

impl Reader {
    /// # Errors
    /// When the broker does not answer, or refuses.
    pub(super) async fn begin(client: &Client, reading: Reading<'_>) -> anyhow::Result<Self> {
        let deadline = Instant::now() + reading.limit;
        let inbox = client.new_inbox();
        let subscriber = client.subscribe(inbox.clone()).await.context("listen to what is read")?;
        let question = format!("CONSUMER.CREATE.{}", reading.stream);
        let created: Option<Created> = ask(client, &question, Some(&reading.request(&inbox))).await?;
        let any = created.is_some_and(|made| made.num_pending > 0 || made.delivered.consumer_seq > 0);
        Ok(Self { subscriber, left: if any { reading.most } else { 0 }, deadline })
    }

    /// Whether there is nothing left to read, or enough was read.
    pub(super) fn is_empty(&self) -> bool {
        self.left == 0
    }

    pub(super) async fn next(&mut self) -> Option<StoredMessage> {
        while self.left > 0 {
            let frame: Message = timeout_at(self.deadline, self.subscriber.next()).await.ok()??;
            let Some(received) = Received::new(frame) else { continue };
            self.left = if received.position.pending == 0 { 0 } else { self.left - 1 };
            return Some(received.into());
        }
        None
    }
}

impl From<Received> for StoredMessage {
    fn from(received: Received) -> Self {
        Self {
            subject: received.subject.to_string(),
            sequence: received.position.sequence,
            stored_ns: received.position.published_ns,
            headers: received.headers.clone().unwrap_or_default(),
            payload: received.payload.clone(),
            pending: received.position.pending,
        }
    }
}
