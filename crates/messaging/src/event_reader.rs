//! The events of some subjects, read once in the order in which they were stored: for whoever makes its state anew from them.
//!
//! By a consumer of its own that keeps no account of what it has delivered and is gone afterwards. Nothing is delivered a second
//! time, so a message that the client lost would be missing: the broker numbers what it delivers, and a number that is missing
//! ends the reading. Requests bound what is on its way, so a slow reader loses nothing.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use async_nats::{Client, Message, StatusCode, Subscriber};
use bytes::Bytes;
use chrono::DateTime;
use common::event::Subject;
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    task::coop::unconstrained,
    time::{Instant, timeout},
};

use super::{
    Broker,
    api::{ask, delete_consumer},
    pull::{connection, unserved},
    received::Received,
    topology,
};

/// Messages of one request. Two of them stand at a time, so that the broker never waits for the next.
const REQUESTED: usize = 4_096;
/// How long a request stands at the broker.
const EXPIRES: Duration = Duration::from_secs(5);
/// Silence after which the reading has failed.
const LONGEST_SILENCE: Duration = Duration::from_secs(5);
/// Between two looks at the connection while nothing comes.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// How long the broker keeps the consumer of a reader that is gone.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// Where a reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// With the oldest message that is there.
    Start,
    /// With the first message behind this sequence.
    Behind(u64),
    /// With the first message that was stored at this instant or later, in ns since the epoch.
    StoredAt(i64),
}

/// An event as the broker keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its subject.
    pub subject: Subject,
    /// Its sequence in the stream.
    pub sequence: u64,
    /// When it was stored, in ns since the epoch.
    pub stored_ns: i64,
    /// Its body, which nobody has looked at.
    pub payload: Bytes,
    /// How many the broker had to deliver behind it.
    pub left: u64,
}

/// A reading that has begun. Dropped instead of [closed](Self::close), its consumer is gone after a while.
#[derive(Debug)]
pub struct EventReader {
    client: Client,
    connection: u64,
    stream: String,
    consumer: String,
    subscriber: Subscriber,
    inbox: async_nats::Subject,
    /// The sequence of the last event; none comes if it is out of the stream before it is read.
    end: u64,
    subjects: Vec<Subject>,
    /// Messages that the broker may send without being asked again.
    asked: usize,
    /// How many were delivered.
    delivered: u64,
    done: bool,
}

impl Broker {
    /// Begins to read the events of some subjects, all of one publisher, up to the sequence `last` of its stream. There is one
    /// reading at a time of a service in a stream: a second one ends the first with an error.
    ///
    /// # Errors
    /// When the broker does not answer or refuses, or the stream does not go up to `last`.
    pub async fn read_events(
        &self,
        subjects: &[Subject],
        from: ReadFrom,
        last: u64,
    ) -> anyhow::Result<EventReader> {
        let publisher = subjects.first().context("name a subject to read")?.publisher();
        ensure!(subjects.iter().all(|it| it.publisher() == publisher), "one stream is read at a time");
        let stream = self.topology().stream_name(publisher);
        let connection = self.connection_number();
        let state = self.stream_state(publisher).await?.with_context(|| format!("there is no {stream}"))?;
        ensure!(state.last_sequence >= last, "{stream} ends at {}, before {last}", state.last_sequence);
        let end = self.end(subjects, from).await?.min(last);
        let consumer = topology::rebuild_name(self.service());
        let client = self.client().clone();
        delete_consumer(&client, &stream, &consumer).await?;
        let inbox = async_nats::Subject::from(client.new_inbox());
        let subscriber = client.subscribe(inbox.clone()).await.context("listen to what is read")?;
        let question = format!("CONSUMER.CREATE.{stream}.{consumer}");
        let body = json!({
            "stream_name": stream,
            "config": config(&consumer, subjects, from),
            "action": "create",
        });
        let created: Option<Value> = ask(&client, &question, Some(&body)).await?;
        ensure!(created.is_some(), "{stream} vanished");
        let done = match from {
            ReadFrom::Behind(begin) => end <= begin,
            ReadFrom::Start | ReadFrom::StoredAt(_) => end < state.first_sequence.max(1),
        };
        Ok(EventReader {
            client,
            connection,
            stream,
            consumer,
            subscriber,
            inbox,
            end,
            subjects: subjects.to_vec(),
            asked: 0,
            delivered: 0,
            done,
        })
    }

    /// The sequence of the last event of these subjects, if it was stored where the reading begins or later; 0 if not. Asked of
    /// the stream's leader: a consumer that has nothing more may be at a replica that is behind.
    async fn end(&self, subjects: &[Subject], from: ReadFrom) -> anyhow::Result<u64> {
        let mut end = 0;
        for subject in subjects {
            let last = self.last_event(*subject).await?;
            let is_read = |stored_ns| !matches!(from, ReadFrom::StoredAt(begin) if stored_ns < begin);
            end = last.filter(|(_, ns)| is_read(*ns)).map_or(end, |(sequence, _)| end.max(sequence));
        }
        Ok(end)
    }
}

fn config(consumer: &str, subjects: &[Subject], from: ReadFrom) -> Value {
    let mut config = json!({
        "name": consumer,
        "ack_policy": "none",
        "replay_policy": "instant",
        "inactive_threshold": FORGOTTEN_AFTER.as_nanos() as u64,
        "mem_storage": true,
        "num_replicas": 1,
    });
    // With an instant and more than one filter, servers begin at the first event of a subject that has none before that instant,
    // and leave out those of the others before it.
    if subjects.len() == 1 || !matches!(from, ReadFrom::StoredAt(_)) {
        config["filter_subjects"] = subjects.iter().map(|subject| subject.as_str()).collect();
    }
    let (policy, start) = match from {
        ReadFrom::Start | ReadFrom::Behind(0) => ("all", None),
        ReadFrom::Behind(sequence) => {
            ("by_start_sequence", Some(("opt_start_seq", Value::from(sequence + 1))))
        }
        ReadFrom::StoredAt(ns) => {
            let instant = DateTime::from_timestamp_nanos(ns).to_rfc3339();
            ("by_start_time", Some(("opt_start_time", Value::from(instant))))
        }
    };
    config["deliver_policy"] = policy.into();
    if let Some((name, value)) = start {
        config[name] = value;
    }
    config
}

impl EventReader {
    /// What comes next, in order: what is here already, up to `most`. Nothing once everything is read.
    ///
    /// # Errors
    /// When a message is missing, the consumer or its stream is gone, or the broker is silent: what was read so far is right, and
    /// the rest has to be read anew.
    pub async fn next_chunk(&mut self, most: usize) -> anyhow::Result<Vec<StoredEvent>> {
        let mut chunk = Vec::new();
        let deadline = Instant::now() + LONGEST_SILENCE;
        while !self.done && chunk.len() < most {
            self.ask_in_time().await?;
            let frame = match unconstrained(self.subscriber.next()).now_or_never() {
                Some(frame) => frame,
                None if !chunk.is_empty() => break,
                None => self.hear(deadline).await?,
            };
            let frame = frame.context("the client closed its subscription")?;
            chunk.extend(self.accept(frame)?);
        }
        Ok(chunk)
    }

    /// Ends the reading, and with it its consumer.
    pub async fn close(mut self) {
        // It ends by itself, too, if nobody listens.
        let _ = delete_consumer(&self.client, &self.stream, &self.consumer).await;
        let _ = self.subscriber.unsubscribe().await;
    }

    /// Keeps two requests at the broker.
    async fn ask_in_time(&mut self) -> anyhow::Result<()> {
        while self.asked <= REQUESTED {
            let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", self.stream, self.consumer);
            let request = json!({ "batch": REQUESTED, "expires": EXPIRES.as_nanos() as u64 }).to_string();
            self.client.publish_with_reply(subject, self.inbox.clone(), request.into()).await?;
            self.asked += REQUESTED;
        }
        Ok(())
    }

    /// Waits for what the broker sends next.
    async fn hear(&mut self, deadline: Instant) -> anyhow::Result<Option<Message>> {
        loop {
            if let Ok(frame) = timeout(LOOK_INTERVAL, self.subscriber.next()).await {
                return Ok(frame);
            }
            ensure!(
                connection(&self.client) == self.connection,
                "the connection was lost while {} was read",
                self.stream
            );
            ensure!(Instant::now() < deadline, "the broker is silent about {}", self.stream);
        }
    }

    /// An event, or something about a request.
    fn accept(&mut self, frame: Message) -> anyhow::Result<Option<StoredEvent>> {
        if let Some(status) = frame.status.filter(|status| *status != StatusCode::OK) {
            match unserved(&frame) {
                Some(unserved) => self.asked = self.asked.saturating_sub(unserved),
                None => {
                    let description = frame.description.unwrap_or_default();
                    bail!("{} is not read any more: {status} {description}", self.stream)
                }
            }
            return Ok(None);
        }
        let received = Received::new(frame).context("a message without a place was delivered")?;
        let position = received.position;
        self.asked = self.asked.saturating_sub(1);
        self.delivered += 1;
        ensure!(
            position.consumer_sequence == self.delivered,
            "message {} of the reading of {} is missing",
            self.delivered,
            self.stream
        );
        self.done = position.sequence >= self.end;
        let subject = received.subject.parse().ok().filter(|subject| self.subjects.contains(subject));
        let Some(subject) = subject.filter(|_| position.sequence <= self.end) else { return Ok(None) };
        Ok(Some(StoredEvent {
            subject,
            sequence: position.sequence,
            stored_ns: position.published_ns,
            payload: received.payload.clone(),
            left: position.pending,
        }))
    }
}
