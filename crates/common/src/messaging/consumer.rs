//! The consumer loop: pull, hand to the handler in batches, answer each message; for ever.
//!
//! Batches run in tasks of their own, at most [`ConsumerOptions::in_flight`] at a time. While all of them wait for a
//! dependency nothing more is pulled, which is the backpressure: what waits, waits in the stream.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{
    Message,
    consumer::pull::{MessagesErrorKind, Stream as Pull},
};
use futures_util::{FutureExt, StreamExt};
use metrics::histogram;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use super::{
    Provisioner, TRACEPARENT,
    attempt::Attempt,
    dead_letter::DeadLetters,
    handler::{Delivery, Handler, Outcome},
    settle::{DEFAULT_RETRIES, LONGEST_SILENCE, Place, Settler, in_progress},
    topology,
};
use crate::{
    event::{Event, Service, Subject},
    process::health::{Health, Heartbeat},
};

/// How long a pull request stands at the server.
const PULL_EXPIRES: Duration = Duration::from_secs(30);
/// How often the server says that an idle pull request still stands; twice as long without is an error.
const IDLE_HEARTBEAT: Duration = Duration::from_secs(2);
/// Pull errors in a row after which the consumer is verified and the pull opened anew.
const ERRORS_BEFORE_REOPEN: u32 = 3;
const TICK: Duration = Duration::from_secs(1);
const LONGEST_OPEN_DELAY: Duration = Duration::from_secs(1);

/// How a consumer shares out its work.
#[derive(Clone, Copy, Debug)]
pub struct ConsumerOptions {
    /// Most events handed to the handler at one time. Up to 1.5 times as many wait in memory while their ack wait
    /// runs, so keep it below a tenth of what the handler does in 10 s.
    pub batch: usize,
    /// Most batches in the handler at one time.
    pub in_flight: usize,
    /// How often an event may be refused before it becomes a dead letter, unless the handler says otherwise.
    pub retries: u32,
}

impl Default for ConsumerOptions {
    fn default() -> Self {
        Self { batch: 500, in_flight: 2, retries: DEFAULT_RETRIES }
    }
}

/// The durable consumer of one service for one subject, with its handler.
#[derive(Debug)]
pub struct Consumer<H> {
    service: Service,
    client: async_nats::Client,
    provisioner: Arc<Provisioner>,
    options: ConsumerOptions,
    work: Arc<Work<H>>,
}

/// What the batch tasks share.
#[derive(Debug)]
struct Work<H> {
    name: String,
    handler: H,
    settler: Settler,
    heartbeat: Heartbeat,
}

/// Why a pull ended.
enum Ended {
    Stopped,
    Broken(String),
}

impl<H: Handler> Consumer<H> {
    const SUBJECT: Subject = <H::Event as Event>::SUBJECT;

    pub(super) fn new(
        service: Service,
        client: async_nats::Client,
        provisioner: Arc<Provisioner>,
        handler: H,
        options: ConsumerOptions,
        health: &Health,
    ) -> Self {
        let name = topology::durable_name(service, Self::SUBJECT);
        let dead_letters = DeadLetters::new(client.clone(), Arc::clone(&provisioner), name.clone());
        let settler = Settler::new(name.clone(), dead_letters, options.retries);
        let heartbeat = health.register_loop(format!("consumer {name}"), LONGEST_SILENCE);
        Self {
            service,
            client,
            provisioner,
            options,
            work: Arc::new(Work { name, handler, settler, heartbeat }),
        }
    }

    /// Consumes until `stop`, through every error; then lets the batches in hand finish and gives back the rest.
    pub async fn run(self, stop: CancellationToken) {
        let batches = TaskTracker::new();
        let slots = Arc::new(Semaphore::new(self.options.in_flight));
        while let Some(mut pull) = self.open(&stop).await {
            match self.pump(&mut pull, &batches, &slots, &stop).await {
                Ended::Broken(reason) => {
                    warn!(consumer = self.work.name, "{} opens its pull anew: {reason}", self.work.name);
                }
                Ended::Stopped => {
                    self.give_back_buffered(pull).await;
                    break;
                }
            }
        }
        batches.close();
        batches.wait().await;
        // What is not flushed is delivered again after the ack wait, so a failure costs time and nothing else.
        let _ = self.client.flush().await;
    }

    /// Verifies the consumer, creates what is missing, and opens a pull. Tries until `stop`.
    async fn open(&self, stop: &CancellationToken) -> Option<Pull> {
        let mut delay = Duration::from_millis(50);
        let mut warned = false;
        loop {
            self.work.heartbeat.beat();
            let opened = tokio::select! {
                () = stop.cancelled() => return None,
                opened = self.try_open() => opened,
            };
            match opened {
                Ok(pull) => {
                    info!(consumer = self.work.name, "{} listens to {}", self.work.name, Self::SUBJECT);
                    return Some(pull);
                }
                Err(error) if !warned => {
                    warned = true;
                    warn!(consumer = self.work.name, "{} can't listen yet: {error:#}", self.work.name);
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(delay) => delay = (delay * 2).min(LONGEST_OPEN_DELAY),
            }
        }
    }

    async fn try_open(&self) -> anyhow::Result<Pull> {
        let consumer = self.provisioner.ensure_consumer(self.service, Self::SUBJECT).await?;
        let pull = consumer
            .stream()
            .max_messages_per_batch(self.options.batch)
            .expires(PULL_EXPIRES)
            .heartbeat(IDLE_HEARTBEAT)
            .messages()
            .await?;
        Ok(pull)
    }

    /// Pulls batches and starts their tasks until the pull breaks or `stop`.
    async fn pump(
        &self,
        pull: &mut Pull,
        batches: &TaskTracker,
        slots: &Arc<Semaphore>,
        stop: &CancellationToken,
    ) -> Ended {
        let mut errors = 0;
        loop {
            let slot = tokio::select! {
                biased;
                () = stop.cancelled() => return Ended::Stopped,
                slot = Arc::clone(slots).acquire_owned() => slot,
            };
            let Ok(slot) = slot else { return Ended::Stopped };
            let first = tokio::select! {
                biased;
                () = stop.cancelled() => return Ended::Stopped,
                first = tokio::time::timeout(TICK, pull.next()) => first,
            };
            self.work.heartbeat.beat();
            let first = match first {
                Err(_nothing_yet) => continue,
                Ok(None) => return Ended::Broken("it ended".to_owned()),
                Ok(Some(Ok(message))) => message,
                Ok(Some(Err(error))) => {
                    errors += 1;
                    if errors >= ERRORS_BEFORE_REOPEN || is_terminal(error.kind()) {
                        return Ended::Broken(error.to_string());
                    }
                    continue;
                }
            };
            errors = 0;
            let messages = self.gather(pull, first);
            batches.spawn(Arc::clone(&self.work).process(messages, slot, stop.clone()));
        }
    }

    /// The first message and those that have arrived behind it.
    fn gather(&self, pull: &mut Pull, first: Message) -> Vec<Message> {
        let mut messages = vec![first];
        while messages.len() < self.options.batch {
            match next_buffered(pull) {
                Some(Ok(message)) => messages.push(message),
                // An error comes again at the next pull, where it is counted.
                Some(Err(_)) | None => break,
            }
        }
        messages
    }

    async fn give_back_buffered(&self, mut pull: Pull) {
        let mut buffered = Vec::new();
        while let Some(Ok(message)) = next_buffered(&mut pull) {
            buffered.push(message);
        }
        // Only then: what is given back while the pull stands would come straight back to it.
        drop(pull);
        for message in &buffered {
            self.work.settler.give_back(message).await;
        }
    }
}

/// A message that has already arrived.
fn next_buffered(
    pull: &mut Pull,
) -> Option<Result<Message, async_nats::jetstream::consumer::pull::MessagesError>> {
    // Without `unconstrained` the runtime's budget would end every batch at about a hundred.
    tokio::task::coop::unconstrained(pull.next()).now_or_never().flatten()
}

/// After these the same pull never yields again.
fn is_terminal(kind: MessagesErrorKind) -> bool {
    matches!(
        kind,
        MessagesErrorKind::ConsumerDeleted
            | MessagesErrorKind::PushBasedConsumer
            | MessagesErrorKind::NoResponders
            | MessagesErrorKind::RequestLimitExceeded
    )
}

impl<H: Handler> Work<H> {
    /// One batch, from decoding to the last answer.
    async fn process(
        self: Arc<Self>,
        messages: Vec<Message>,
        slot: OwnedSemaphorePermit,
        stop: CancellationToken,
    ) {
        histogram!("consumed_batch_size", "consumer" => self.name.clone()).record(messages.len() as f64);
        in_progress(&messages, self.handle_and_settle(&messages, &stop)).await;
        drop(slot);
    }

    async fn handle_and_settle(&self, messages: &[Message], stop: &CancellationToken) {
        let mut readable = Vec::with_capacity(messages.len());
        let mut batch = Vec::with_capacity(messages.len());
        let mut given_up = Vec::new();
        for message in messages {
            let Some(place) = place(message) else { continue };
            match decode::<H::Event>(message, place) {
                Ok(delivery) => {
                    readable.push((message, place));
                    batch.push(delivery);
                }
                Err(reason) => given_up.push((message, place, Outcome::reject(reason))),
            }
        }
        let attempt =
            Attempt { consumer: &self.name, handler: &self.handler, stop, heartbeat: &self.heartbeat };
        let outcomes = if batch.is_empty() { Ok(Vec::new()) } else { attempt.outcomes(&batch).await };
        let Ok(outcomes) = outcomes else {
            for message in messages {
                self.settler.give_back(message).await;
            }
            return;
        };
        // Dead letters wait for a PubAck each, so the good ones are answered before them.
        for ((message, place), outcome) in readable.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Done | Outcome::Postpone(_) => self.settler.settle(message, place, outcome).await,
                Outcome::Retry { .. } | Outcome::Reject { .. } => given_up.push((message, place, outcome)),
            }
        }
        for (message, place, outcome) in given_up {
            self.settler.settle(message, place, outcome).await;
        }
    }
}

fn place(message: &Message) -> Option<Place> {
    match message.info() {
        Ok(info) => Some(Place {
            sequence: info.stream_sequence,
            delivered: u64::try_from(info.delivered).unwrap_or(1),
        }),
        Err(error) => {
            warn!("a message without a JetStream reply subject can't be answered: {error}");
            None
        }
    }
}

fn decode<E: Event>(message: &Message, place: Place) -> Result<Delivery<E>, String> {
    let event = serde_json::from_slice(&message.payload).map_err(|_| why_invalid::<E>(&message.payload))?;
    let traceparent = message
        .headers
        .as_ref()
        .and_then(|headers| headers.get(TRACEPARENT))
        .and_then(|value| value.as_str().parse().ok());
    Ok(Delivery { event, traceparent, sequence: place.sequence, delivered: place.delivered })
}

/// Reads a bad body once more, slowly, for a reason that names the field.
fn why_invalid<E: Event>(body: &[u8]) -> String {
    let reader = &mut serde_json::Deserializer::from_slice(body);
    let reason = match serde_path_to_error::deserialize::<_, E>(reader) {
        Err(error) if error.path().iter().next().is_some() => {
            format!("at {}: {}", error.path(), error.inner())
        }
        Err(error) => error.inner().to_string(),
        Ok(_) => "something stands behind it".to_owned(),
    };
    format!("the body is not a valid {}: {reason}", E::SUBJECT)
}
