//! Messages from one consumer on the broker into batches of their own tasks, through every error.
//!
//! At most as many batches run at a time as there are slots. While all of them wait for a dependency nothing more is pulled,
//! which is the backpressure: what waits, waits in the stream.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::consumer::PullConsumer;
use metrics::Counter;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, sleep_until, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, info, warn};

use super::{Provisioner, batch::BatchProcessor, handler::Handler, pull::Pull, received::Received};
use common::{Service, event::Event, event::Subject};

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

/// Where messages come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// The events as they were published.
    Events,
    /// Dead letters that an operator sends back to this consumer; each is counted.
    Replays(Counter),
}

/// One source of a consumer's messages.
#[derive(Debug)]
pub(super) struct Pump<H> {
    pub(super) source: Source,
    pub(super) service: Service,
    pub(super) client: async_nats::Client,
    pub(super) provisioner: Arc<Provisioner>,
    /// Most events in one batch.
    pub(super) batch: usize,
    pub(super) work: Arc<BatchProcessor<H>>,
    pub(super) slots: Arc<Semaphore>,
    pub(super) batches: TaskTracker,
}

/// Why a pull ended.
enum Ended {
    Stopped,
    /// Every slot has been taken for so long that what waits in memory had better go back.
    Stalled,
    Broken(String),
}

impl<H: Handler> Pump<H> {
    const SUBJECT: Subject = <H::Event as Event>::SUBJECT;

    /// Pulls until `stop`; what came and is in no batch is given back.
    pub(super) async fn run(&self, stop: &CancellationToken) {
        // A broken one stays subscribed until the broker has answered again: it may still send what was asked for.
        let mut broken: Option<Pull> = None;
        while let Some(mut pull) = self.open(stop).await {
            let opened_at = Instant::now();
            self.give_back(broken.take());
            match self.pump(&mut pull, stop).await {
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
    }

    /// Verifies the consumer, creates what is missing, and opens a pull. Tries until `stop`.
    async fn open(&self, stop: &CancellationToken) -> Option<Pull> {
        let mut delay = FIRST_OPEN_DELAY;
        let mut warned = false;
        loop {
            self.beat();
            let opened = tokio::select! {
                () = stop.cancelled() => return None,
                opened = timeout(OPEN_TIMEOUT, self.try_open()) => opened,
            };
            match opened.unwrap_or_else(|elapsed| Err(elapsed.into())) {
                Ok(Some(pull)) => {
                    self.log_open();
                    return Some(pull);
                }
                // Nobody ever replayed anything.
                Ok(None) => delay = LONGEST_OPEN_DELAY,
                // The events' own pump has said it, in the same words.
                Err(error) if !warned && matches!(self.source, Source::Events) => {
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

    async fn try_open(&self) -> anyhow::Result<Option<Pull>> {
        let consumer: PullConsumer = match &self.source {
            Source::Events => self.provisioner.ensure_consumer(self.service, Self::SUBJECT).await?,
            Source::Replays(_) => match self.provisioner.find_replays(&self.work.name).await? {
                Some(consumer) => consumer,
                None => return Ok(None),
            },
        };
        let info = consumer.cached_info();
        let (stream, name, ack_wait) = (&info.stream_name, &info.name, info.config.ack_wait);
        Pull::open(&self.client, stream, name, ack_wait, self.batch).await.map(Some)
    }

    fn log_open(&self) {
        let name = &self.work.name;
        match &self.source {
            Source::Events => info!(consumer = name, "{name} listens to {}", Self::SUBJECT),
            Source::Replays(_) => info!(consumer = name, "{name} takes its replays"),
        }
    }

    /// Only where the events come from: a sign of life of the replays would hide that those have stopped.
    fn beat(&self) {
        if matches!(self.source, Source::Events) {
            self.work.heartbeat.beat();
        }
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
            self.beat();
            let first = match first {
                Ok(Ok(message)) => message,
                Ok(Err(reason)) => return Ended::Broken(reason),
                Err(_nothing_yet) if pull.is_cut_off() => {
                    return Ended::Broken("the connection was lost".to_owned());
                }
                Err(_nothing_yet) => continue,
            };
            let (messages, broken) = self.gather(pull, first).await;
            let messages = self.as_published(messages);
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

    /// A handler sees what is replayed as it saw it at first.
    fn as_published(&self, messages: Vec<Received>) -> Vec<Received> {
        match &self.source {
            Source::Events => messages,
            Source::Replays(taken) => {
                taken.increment(messages.len() as u64);
                messages.into_iter().map(Received::into_published).collect()
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
        let mut messages = Vec::with_capacity(self.batch.min(pending as usize + 1));
        messages.push(first);
        while messages.len() < self.batch {
            let next = match pull.next_buffered() {
                Some(next) => next,
                None if pending < self.batch as u64 => break,
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
