//! One rebuild by one worker, from its lease to its end.
//!
//! The order of the questions is the protocol. First how far the consumers were given messages, and the ends of both streams: what
//! is given to them later, or stored later, they apply in the same run, so that nothing is done twice where a backlog waits. Then
//! whether the streams still have the checkpoint's places, which says from where on to read. Then what has fired, so that no timer
//! comes back whose expiration is stored; what fires after that look is published with an id that the broker still knows, since
//! no look is older than [`FRESH`]. Then the orders' stream, up to what the consumers were given, chunk by chunk, each of which moves
//! the checkpoint. At last what was cancelled behind that place: its consumer may have been given it meanwhile, when there was
//! nothing to remove yet.
//!
//! Nothing is removed but what was cancelled: the set may have timers from messages that are not read, which are newer, older, or
//! in a stream that is gone.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use common::{
    Service,
    event::{ExpirationComplete, Subject},
};
use futures_util::future::try_join_all;
use messaging::{Place, ReadFrom, read_event};
use process::health::{Heartbeat, Remark};
use tokio::time::Instant;

use super::{
    Stores,
    advance::LISTENERS,
    chunk::Chunk,
    fired::Fired,
    given,
    loss::Loss,
    progress::{Done, Progress},
};
use crate::schedule::{RebuildBatch, RebuildError, RebuildLease, RebuildStep};

/// What is read of the orders' stream.
const SUBJECTS: [Subject; 3] = [Subject::OrderCreated, Subject::OrderExtended, Subject::OrderCancelled];
/// Events of one answer of a reader.
const READ: usize = 10_000;
/// Events that are applied before the checkpoint moves.
const CHUNK: usize = 100_000;
/// Oldest knowledge of what has fired: far below the time for which the broker knows the id of an expiration.
const FRESH: Duration = Duration::from_secs(60);
/// How far the clocks of the streams' servers may be apart.
const MARGIN_NS: i64 = 5 * 60 * 1_000_000_000;
/// A sign of life for the lease, which is five times as long.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// From where on both streams are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Start {
    /// Behind this message of the orders' stream.
    orders: Place,
    fired: ReadFrom,
    /// Set if expirations were lost: the last place that the stream is known to have had.
    lost: Option<Place>,
}

/// A rebuild.
pub(super) struct Attempt<'a> {
    stores: &'a Stores,
    heartbeat: &'a Heartbeat,
    lease: RebuildLease,
    renewed: Instant,
    progress: Progress,
    fired: Fired,
    /// The end of the stream of expirations when it was looked at last.
    fired_place: Place,
    looked: Instant,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        stores: &'a Stores,
        lease: RebuildLease,
        heartbeat: &'a Heartbeat,
        remark: &Remark,
        loss: &Loss,
    ) -> Self {
        Self {
            stores,
            heartbeat,
            lease,
            renewed: Instant::now(),
            progress: Progress::new(remark, loss),
            fired: Fired::default(),
            fired_place: Place { created_ns: 0, sequence: 0, stored_ns: 0 },
            looked: Instant::now(),
        }
    }

    pub(super) fn into_lease(self) -> RebuildLease {
        self.lease
    }

    /// Rebuilds. Dropped or failed, it is begun again by whoever comes next, from the last checkpoint that it wrote.
    pub(super) async fn run(&mut self) -> anyhow::Result<Done> {
        let floors = given::floors(&self.stores.broker).await?;
        let last = self.last_of(Service::Orders).await?;
        self.fired_place = self.last_of(Service::Expiration).await?;
        let start = self.start(last).await?;
        self.progress.applied = start.orders.sequence;
        self.renew().await?;
        let ahead = LISTENERS.iter().zip(&floors);
        let ahead = ahead.filter(|(_, floor)| floor.is_some_and(|floor| floor.is_ahead_of(last.sequence)));
        self.begin_again(ahead.map(|(listener, _)| (*listener, Some(last.sequence))).collect()).await?;
        self.look_at_fired(start).await?;
        let end = self.end(start, given::up_to(&floors, last.sequence), last).await?;
        self.apply_up_to(end).await?;
        self.remove_behind(end).await?;
        self.apply(&RebuildBatch::default(), RebuildStep::End(end, self.fired_place), end.sequence).await?;
        Ok(self.progress.end())
    }

    /// The place up to which everything has to be applied: what was given to the consumers, for the rest they are yet to be given.
    async fn end(&self, start: Start, given: u64, last: Place) -> anyhow::Result<Place> {
        if given >= last.sequence {
            return Ok(last);
        }
        if given <= start.orders.sequence {
            return Ok(start.orders);
        }
        // The message itself may have fallen out, or somebody has deleted it.
        Ok(self.stores.broker.place_at(Service::Orders, given).await?.unwrap_or(last))
    }

    async fn last_of(&self, publisher: Service) -> anyhow::Result<Place> {
        let broker = &self.stores.broker;
        if let Some(place) = broker.last_place(publisher).await? {
            return Ok(place);
        }
        // A stream that was deleted is made by the next publish, for which there may be no timer left.
        broker.ensure_streams().await?;
        let place = broker.last_place(publisher).await?;
        place.with_context(|| format!("there is no stream of {publisher}"))
    }

    /// After a lost expiration everything has to be read: its timer may be anywhere.
    async fn start(&self, last: Place) -> anyhow::Result<Start> {
        let broker = &self.stores.broker;
        let first = Place { sequence: 0, stored_ns: 0, ..last };
        let all = Start { orders: first, fired: ReadFrom::Start, lost: None };
        let Some(checkpoint) = self.lease.checkpoint() else { return Ok(all) };
        let went_back = self.stores.acknowledged.went_back();
        if went_back || !broker.still_has(Service::Expiration, checkpoint.fired).await? {
            return Ok(Start { lost: Some(checkpoint.fired), ..all });
        }
        if checkpoint.orders.sequence == 0 || !broker.still_has(Service::Orders, checkpoint.orders).await? {
            return Ok(all);
        }
        // An order that is told of behind the checkpoint fires later than that message was stored.
        let fired = ReadFrom::StoredAt(checkpoint.orders.stored_ns - MARGIN_NS);
        Ok(Start { orders: checkpoint.orders, fired, lost: None })
    }

    /// Reads what has fired. Where a stream has lost expirations and gave their sequences to others, `orders` has to read those
    /// again: its consumer counts them as read.
    async fn look_at_fired(&mut self, start: Start) -> anyhow::Result<()> {
        let same = start.lost.filter(|lost| lost.created_ns == self.fired_place.created_ns);
        let Some(lost) = same else { return self.read_fired(start.fired, i64::MIN).await.map(drop) };
        let kept = self.read_fired(start.fired, lost.stored_ns - MARGIN_NS).await?;
        let listener = (Service::Orders, Subject::ExpirationComplete);
        let floors = self.stores.broker.floors(&[listener]).await?;
        match floors.as_slice() {
            [Some(floor)] if floor.is_ahead_of(kept) => self.begin_again(vec![(listener, Some(kept))]).await,
            _ => Ok(()),
        }
    }

    /// Reads up to the end that is known. Answers the sequence of the last one stored before this instant.
    async fn read_fired(&mut self, from: ReadFrom, before_ns: i64) -> anyhow::Result<u64> {
        let mut kept = 0;
        self.looked = Instant::now();
        if self.fired_place.sequence > 0 {
            let subject = [Subject::ExpirationComplete];
            let broker = &self.stores.broker;
            let mut reader = broker.read_events(&subject, from, self.fired_place.sequence).await?;
            loop {
                let events = reader.next_chunk(READ).await.context("read what has fired")?;
                if events.is_empty() {
                    break;
                }
                for event in &events {
                    if event.stored_ns < before_ns {
                        kept = event.sequence;
                    }
                    // Poison is for its consumer.
                    if let Ok(ExpirationComplete { order_id }) = read_event(&event.payload) {
                        self.fired.add(&order_id);
                    }
                }
                self.progress.read += events.len();
                self.keep().await?;
            }
            reader.close().await;
        }
        self.fired.settle();
        self.progress.fired = self.fired.len();
        Ok(kept)
    }

    /// Looks once more at what has fired, where that was too long ago.
    async fn look_again(&mut self) -> anyhow::Result<()> {
        while self.looked.elapsed() >= FRESH {
            let before = self.fired_place;
            let now = self.last_of(Service::Expiration).await?;
            let is_there = self.stores.broker.still_has(Service::Expiration, before).await?;
            ensure!(is_there, "the stream of expirations has lost some meanwhile");
            self.fired_place = now;
            self.read_fired(ReadFrom::Behind(before.sequence), i64::MIN).await?;
        }
        Ok(())
    }

    async fn apply_up_to(&mut self, last: Place) -> anyhow::Result<()> {
        self.progress.last = last.sequence;
        if self.progress.applied >= last.sequence {
            return Ok(());
        }
        let from = match self.progress.applied {
            0 => ReadFrom::Start,
            applied => ReadFrom::Behind(applied),
        };
        let mut reader = self.stores.broker.read_events(&SUBJECTS, from, last.sequence).await?;
        let mut chunk = Chunk::default();
        loop {
            let events = reader.next_chunk(READ).await.context("read the orders' stream")?;
            events.iter().for_each(|event| chunk.take(event, self.stores.max_delay));
            self.progress.read += events.len();
            let is_end = events.is_empty();
            if chunk.events() >= CHUNK || is_end {
                self.apply_chunk(std::mem::take(&mut chunk), last).await?;
            }
            if is_end {
                break;
            }
            self.keep().await?;
        }
        reader.close().await;
        Ok(())
    }

    /// Removes what was cancelled behind this place, of which its consumer may have taken some before its timer came back. Nothing is
    /// added here, so it need not be done again.
    async fn remove_behind(&mut self, last: Place) -> anyhow::Result<()> {
        let newest = self.last_of(Service::Orders).await?;
        if newest.sequence <= last.sequence {
            return Ok(());
        }
        let (cancelled, behind) = ([Subject::OrderCancelled], ReadFrom::Behind(last.sequence));
        let mut reader = self.stores.broker.read_events(&cancelled, behind, newest.sequence).await?;
        loop {
            let events = reader.next_chunk(READ).await.context("read what was cancelled meanwhile")?;
            if events.is_empty() {
                break;
            }
            let mut chunk = Chunk::default();
            events.iter().for_each(|event| chunk.take(event, self.stores.max_delay));
            for batch in chunk.into_batches(&self.fired) {
                self.apply(&batch, RebuildStep::Part, last.sequence).await?;
            }
            self.progress.read += events.len();
            self.keep().await?;
        }
        reader.close().await;
        Ok(())
    }

    /// The checkpoint moves with the last batch: before it some of the chunk may be missing.
    async fn apply_chunk(&mut self, chunk: Chunk, end: Place) -> anyhow::Result<()> {
        let Some((sequence, stored_ns)) = chunk.last() else { return Ok(()) };
        let place = Place { created_ns: end.created_ns, sequence, stored_ns };
        self.look_again().await?;
        let mut batches = chunk.into_batches(&self.fired);
        let last = batches.pop().unwrap_or_default();
        for batch in batches {
            self.apply(&batch, RebuildStep::Part, self.progress.applied).await?;
        }
        self.apply(&last, RebuildStep::Place(place, self.fired_place), sequence).await?;
        Ok(())
    }

    async fn apply(
        &mut self,
        batch: &RebuildBatch,
        step: RebuildStep,
        applied: u64,
    ) -> Result<(), RebuildError> {
        self.heartbeat.beat();
        let position = (applied, self.progress.last);
        self.progress.rebuilt +=
            self.stores.schedule.apply_rebuild(&mut self.lease, batch, step, position).await?;
        self.progress.applied = applied;
        self.renewed = Instant::now();
        if let Some(earliest) = batch.earliest_ms() {
            self.stores.due_wake.set(earliest);
        }
        self.progress.tell();
        Ok(())
    }

    /// Keeps the lease while something else takes long.
    async fn keep(&mut self) -> Result<(), RebuildError> {
        if self.renewed.elapsed() < RENEW_EVERY {
            return Ok(());
        }
        self.renew().await
    }

    async fn renew(&mut self) -> Result<(), RebuildError> {
        self.apply(&RebuildBatch::default(), RebuildStep::Part, self.progress.applied).await
    }

    /// Has consumers begin again behind these sequences, and keeps the lease meanwhile.
    async fn begin_again(&mut self, consumers: Vec<((Service, Subject), Option<u64>)>) -> anyhow::Result<()> {
        if consumers.is_empty() {
            return Ok(());
        }
        let broker = &self.stores.broker;
        let all = consumers.iter().map(|(listener, behind)| broker.begin_again(*listener, *behind));
        let mut all = std::pin::pin!(try_join_all(all));
        loop {
            tokio::select! {
                done = &mut all => return done.map(drop).context("have consumers begin again"),
                () = tokio::time::sleep(RENEW_EVERY) => self.renew().await?,
            }
        }
    }
}
