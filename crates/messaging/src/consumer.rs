//! The consumer loop: pull, hand to the handler in batches, answer each message; for ever.
//!
//! Batches run in tasks of their own, at most [`ConsumerOptions::in_flight`] at a time. While all of them wait for a
//! dependency nothing more is pulled, which is the backpressure: what waits, waits in the stream.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, sleep_until, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, info, warn};

use super::{
    Provisioner, batch::BatchProcessor, dead_letter::DeadLetters, handler::Handler, pull::Pull,
    received::Received, settle::Settler, topology,
};
use common::{Service, event::Event, event::Subject};
use process::health::Health;

/// Longest time without a sign of life of a loop before it counts as stuck.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_secs(1);
/// Verifying the consumer and subscribing; each request has a limit of its own, room in the client's queue has not.
const OPEN_TIMEOUT: Duration = Duration::from_secs(15);
/// The first connection takes milliseconds.
const FIRST_OPEN_DELAY: Duration = Duration::from_millis(2);
const LONGEST_OPEN_DELAY: Duration = Duration::from_secs(1);
/// A pull that breaks as soon as it is open is not opened more often than this.
const OPEN_INTERVAL: Duration = Duration::from_millis(500);
/// How long a batch of a backlog may take to fill.
const GATHER_LIMIT: Duration = Duration::from_millis(5);
/// Between two looks at what the dead letters had no room for.
const OVERFLOW_INTERVAL: Duration = Duration::from_secs(10);
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

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
        Self { batch: 500, in_flight: 2, retries: 50 }
    }
}

/// The durable consumer of one service for one subject, with its handler.
#[derive(Debug)]
pub struct Consumer<H> {
    service: Service,
    client: async_nats::Client,
    provisioner: Arc<Provisioner>,
    options: ConsumerOptions,
    work: Arc<BatchProcessor<H>>,
    slots: Arc<Semaphore>,
    batches: TaskTracker,
}

/// Now and then, and at the start: a process that died may have left something there.
async fn bring_overflow<H: Handler>(work: Arc<BatchProcessor<H>>, stop: CancellationToken) {
    while stop.run_until_cancelled(sleep(OVERFLOW_INTERVAL)).await.is_some() {
        work.settler.bring_overflow().await;
    }
}

/// Why a pull ended.
enum Ended {
    Stopped,
    /// Every slot has been taken for so long that what waits in memory had better go back.
    Stalled,
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
        let settler = Settler::new(name.clone(), client.clone(), dead_letters, options.retries);
        let heartbeat = health.register_loop(format!("consumer {name}"), LONGEST_SILENCE);
        Self {
            service,
            client,
            provisioner,
            options,
            work: Arc::new(BatchProcessor { name, handler, settler, heartbeat }),
            slots: Arc::new(Semaphore::new(options.in_flight)),
            batches: TaskTracker::new(),
        }
    }

    /// Consumes until `stop`, through every error; then lets the batches in hand finish and gives back the rest.
    pub async fn run(self, stop: CancellationToken) {
        let bringing = tokio::spawn(bring_overflow(Arc::clone(&self.work), stop.clone()));
        // A broken one stays subscribed until the broker has answered again: it may still send what was asked for.
        let mut broken: Option<Pull> = None;
        while let Some(mut pull) = self.open(&stop).await {
            let opened_at = Instant::now();
            self.give_back(broken.take());
            match self.pump(&mut pull, &stop).await {
                Ended::Stopped => {
                    self.give_back(Some(pull));
                    break;
                }
                Ended::Stalled => {
                    debug!(consumer = self.work.name, "{} stops pulling for a while", self.work.name);
                    self.give_back(Some(pull));
                    tokio::select! {
                        () = stop.cancelled() => break,
                        _ = self.slots.acquire() => {}
                    }
                }
                Ended::Broken(reason) => {
                    warn!(consumer = self.work.name, "{} opens its pull again: {reason}", self.work.name);
                    broken = Some(pull);
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = sleep_until(opened_at + OPEN_INTERVAL) => {}
                    }
                }
            }
        }
        self.give_back(broken);
        self.batches.close();
        self.batches.wait().await;
        // Cut off in the middle it leaves a letter in both places, and the next time it is found there.
        bringing.abort();
        // What is not flushed is delivered again after the ack wait, so a failure costs time and nothing else.
        let _ = timeout(FLUSH_TIMEOUT, self.client.flush()).await;
    }

    /// Verifies the consumer, creates what is missing, and opens a pull. Tries until `stop`.
    async fn open(&self, stop: &CancellationToken) -> Option<Pull> {
        let mut delay = FIRST_OPEN_DELAY;
        let mut warned = false;
        loop {
            self.work.heartbeat.beat();
            let opened = tokio::select! {
                () = stop.cancelled() => return None,
                opened = timeout(OPEN_TIMEOUT, self.try_open()) => opened,
            };
            match opened.unwrap_or_else(|elapsed| Err(elapsed.into())) {
                Ok(pull) => {
                    info!(consumer = self.work.name, "{} listens to {}", self.work.name, Self::SUBJECT);
                    return Some(pull);
                }
                Err(error) if !warned => {
                    warned = true;
                    info!(consumer = self.work.name, "{} can't listen yet: {error:#}", self.work.name);
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = sleep(delay) => delay = (delay * 2).min(LONGEST_OPEN_DELAY),
            }
        }
    }

    async fn try_open(&self) -> anyhow::Result<Pull> {
        let consumer = self.provisioner.ensure_consumer(self.service, Self::SUBJECT).await?;
        Pull::open(&self.client, &consumer, self.options.batch).await
    }

    /// Pulls batches and starts their tasks until the pull breaks or `stop`.
    async fn pump(&self, pull: &mut Pull, stop: &CancellationToken) -> Ended {
        let interval = pull.progress_interval();
        loop {
            let slot = tokio::select! {
                biased;
                () = stop.cancelled() => return Ended::Stopped,
                slot = Arc::clone(&self.slots).acquire_owned() => slot,
                () = sleep(interval) => return Ended::Stalled,
            };
            let first = tokio::select! {
                biased;
                () = stop.cancelled() => return Ended::Stopped,
                first = timeout(TICK, pull.next()) => first,
            };
            self.work.heartbeat.beat();
            let first = match first {
                Ok(Ok(message)) => message,
                Ok(Err(reason)) => return Ended::Broken(reason),
                Err(_nothing_yet) if pull.is_cut_off() => {
                    return Ended::Broken("the connection was lost".to_owned());
                }
                Err(_nothing_yet) => continue,
            };
            let (messages, broken) = self.gather(pull, first).await;
            let (work, stop) = (Arc::clone(&self.work), stop.clone());
            self.batches.spawn(async move {
                work.process(&messages, interval, &stop).await;
                drop(slot);
            });
            if let Some(reason) = broken {
                return Ended::Broken(reason);
            }
        }
    }

    /// The first message and those that have arrived behind it; with the reason, if they were the last.
    ///
    /// While a backlog is on its way it waits for a full batch: a batch costs the handler's server as much as some
    /// hundred messages in it. Without one it waits for nothing.
    async fn gather(&self, pull: &mut Pull, first: Received) -> (Vec<Received>, Option<String>) {
        let deadline = Instant::now() + GATHER_LIMIT;
        let mut pending = first.position.pending;
        let mut messages = Vec::with_capacity(self.options.batch.min(pending as usize + 1));
        messages.push(first);
        while messages.len() < self.options.batch {
            let next = match pull.next_buffered() {
                Some(next) => next,
                None if pending < self.options.batch as u64 => break,
                None => match timeout_at(deadline, pull.next()).await {
                    Ok(next) => next,
                    Err(_elapsed) => break,
                },
            };
            match next {
                Ok(message) => {
                    pending = message.position.pending;
                    messages.push(message);
                }
                Err(reason) => return (messages, Some(reason)),
            }
        }
        (messages, None)
    }

    /// Closes a pull for good. What came and nobody has looked at goes to the consumer that asks next.
    fn give_back(&self, pull: Option<Pull>) {
        let Some(pull) = pull else { return };
        let work = Arc::clone(&self.work);
        self.batches.spawn(async move {
            // Only when it is closed: what is given back while it stands would come straight back to it.
            for message in pull.close().await {
                work.settler.give_back(&message).await;
            }
        });
    }
}
