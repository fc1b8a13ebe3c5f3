//! Messages from one consumer on the broker into batches of their own tasks, through every error.
//!
//! At most as many batches run at a time as there are slots. While all of them wait for a dependency nothing more is pulled,
//! which is the backpressure: what waits, waits in the stream.

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use async_nats::jetstream::consumer::PullConsumer;
use metrics::Counter;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, sleep_until, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, info, warn};

use super::{
    Provisioner,
    batch::BatchProcessor,
    handler::Handler,
    incarnation::{Hand, Incarnation},
    pull::{self, Pull},
    received::Received,
};
use common::{Service, event::Event, event::Subject};

const TICK: Duration = Duration::from_secs(1);
/// Verifying the consumer and subscribing; each request has a limit of its own, room in the client's queue has not.
const OPEN_TIMEOUT: Duration = Duration::from_secs(15);
/// The first connection takes milliseconds.
const FIRST_OPEN_DELAY: Duration = Duration::from_millis(2);
const LONGEST_OPEN_DELAY: Duration = Duration::from_secs(1);
/// A pull that breaks as soon as it is open is not opened more often than this.
const OPEN_INTERVAL: Duration = Duration::from_millis(500);
/// Whoever deleted the consumer may have to make it anew where it has to begin: this long it is left to them.
const REMAKE_INTERVAL: Duration = Duration::from_secs(1);
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

/// A pull, and the life of the consumer that it pulls from.
struct Open {
    pull: Pull,
    incarnation: Arc<Incarnation>,
}

impl Open {
    /// For what was handed out since the pull was waited for last.
    fn hand(&self, stop: &CancellationToken) -> Hand {
        Hand::new(Arc::clone(&self.incarnation), self.pull.waited_at(), stop.clone())
    }
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
        let mut broken: Option<Open> = None;
        while let Some(mut open) = self.open(stop).await {
            let opened_at = Instant::now();
            self.give_back(broken.take(), stop);
            match self.pump(&mut open, stop).await {
                Ended::Stopped => {
                    self.give_back(Some(open), stop);
                    break;
                }
                Ended::Stalled => {
                    debug!(consumer = self.work.name, "{} stops pulling for a while", self.work.name);
                    self.give_back(Some(open), stop);
                    tokio::select! {
                        () = stop.cancelled() => break,
                        _ = self.slots.acquire() => {}
                    }
                }
                Ended::Broken(reason) => {
                    warn!(consumer = self.work.name, "{} opens its pull again: {reason}", self.work.name);
                    open.incarnation.doubt();
                    let next = if open.pull.consumer_is_deleted() {
                        Instant::now() + REMAKE_INTERVAL
                    } else {
                        opened_at + OPEN_INTERVAL
                    };
                    broken = Some(open);
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = sleep_until(next) => {}
                    }
                }
            }
        }
        self.give_back(broken, stop);
    }

    /// Verifies the consumer, creates what is missing, and opens a pull. Tries until `stop`.
    async fn open(&self, stop: &CancellationToken) -> Option<Open> {
        let mut delay = FIRST_OPEN_DELAY;
        let mut warned = false;
        loop {
            self.beat();
            let opened = tokio::select! {
                () = stop.cancelled() => return None,
                opened = timeout(OPEN_TIMEOUT, self.try_open()) => opened,
            };
            match opened.unwrap_or_else(|elapsed| Err(elapsed.into())) {
                Ok(Some(open)) => {
                    self.log_open();
                    return Some(open);
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

    async fn try_open(&self) -> anyhow::Result<Option<Open>> {
        let connection = pull::connection(&self.client);
        let consumer: PullConsumer = match &self.source {
            Source::Events => self.provisioner.ensure_consumer(self.service, Self::SUBJECT).await?,
            Source::Replays(_) => match self.provisioner.find_replays(&self.work.name).await? {
                Some(consumer) => consumer,
                None => return Ok(None),
            },
        };
        let info = consumer.cached_info();
        let (stream, name, ack_wait) = (&info.stream_name, &info.name, info.config.ack_wait);
        let pull = Pull::open(&self.client, stream, name, ack_wait, self.batch).await?;
        ensure!(pull.connection() == connection, "the connection was lost");
        let incarnation = Arc::new(Incarnation::of(&self.client, connection, info));
        Ok(Some(Open { pull, incarnation }))
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
    async fn pump(&self, open: &mut Open, stop: &CancellationToken) -> Ended {
        let interval = open.pull.progress_interval();
        loop {
            if open.incarnation.has_ended() {
                return Ended::Broken("another consumer has its name".to_owned());
            }
            let slot = tokio::select! {
                biased;
                () = stop.cancelled() => return Ended::Stopped,
                slot = Arc::clone(&self.slots).acquire_owned() => slot,
                () = sleep(interval) => return Ended::Stalled,
            };
            let first = tokio::select! {
                biased;
                () = stop.cancelled() => return Ended::Stopped,
                first = timeout(TICK, open.pull.next()) => first,
            };
            self.beat();
            let first = match first {
                Ok(Ok(message)) => message,
                Ok(Err(reason)) => return Ended::Broken(reason),
                Err(_nothing_yet) if open.pull.is_cut_off() => {
                    return Ended::Broken("the connection was lost".to_owned());
                }
                Err(_nothing_yet) => continue,
            };
            let hand = open.hand(stop);
            let (messages, broken) = self.gather(&mut open.pull, first).await;
            if broken.is_some() {
                open.incarnation.doubt();
            }
            let messages = self.as_published(messages);
            let (work, stop) = (Arc::clone(&self.work), stop.clone());
            self.batches.spawn(async move {
                work.process(&hand, &messages, interval, &stop).await;
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
    fn give_back(&self, open: Option<Open>, stop: &CancellationToken) {
        let Some(open) = open else { return };
        let (work, hand) = (Arc::clone(&self.work), open.hand(stop));
        self.batches.spawn(async move {
            // Only when it is closed: what is given back while it stands would come straight back to it.
            for message in open.pull.close().await {
                work.settler.give_back(&hand, &message).await;
            }
        });
    }
}
