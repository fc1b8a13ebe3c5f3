//! Brings back what Redis has lost of the schedule, from what the streams remember.
//!
//! Each second each worker looks whether the [`Checkpoint`] holds: it is of the run in which Redis is, and the streams still
//! have its places. While it does, it is advanced (`advance`) behind what is acknowledged. When it does not, because Redis was
//! wiped, restarted or replaced by a server that lags behind, because this process has been on another server since, or
//! because a stream lost what it had acknowledged, one worker rebuilds (`attempt`): it applies the orders' stream from the
//! checkpoint on, from the beginning where there is none, up to what the consumers were given, and leaves out what has fired
//! (`fired`). Only a rebuild creates a checkpoint, so the first start is no other case.
//!
//! It goes on beside normal work, it may be killed at any instant, and running it once too often is harmless. What fell out of
//! the orders' stream can't come back, nor what an operator has changed in the schedule alone.

mod advance;
mod attempt;
mod chunk;
mod figures;
mod fired;
mod given;
mod loss;
mod progress;
mod watch;

use std::time::Duration;

use common::Service;
use messaging::Broker;
use process::{
    health::{Health, Heartbeat, Remark},
    outage::Outage,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use advance::Advance;
use attempt::Attempt;
use figures::Figures;
use loss::Loss;
pub use watch::CheckpointWatch;

use crate::{
    relay::{Acknowledged, DueWake},
    schedule::{Checkpoint, Schedule, Standing},
};

const INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
/// For so long after a failure each success may be the one before the next.
const QUIET: Duration = Duration::from_secs(10);

/// What a rebuild works on.
#[derive(Clone, Debug)]
pub struct Stores {
    /// Where the checkpoint is kept.
    pub schedule: Schedule,
    /// By whose streams.
    pub broker: Broker,
    /// Longest timer accepted: a due time further away is left out, as it is refused when its event comes.
    pub max_delay: Duration,
    /// Timers that come back may be due at once: this wakes the relay.
    pub due_wake: DueWake,
    /// What the stream of expirations has acknowledged to this process.
    pub acknowledged: Acknowledged,
}

/// The loop that keeps the checkpoint, and rebuilds the schedule where it does not hold.
#[derive(Debug)]
pub struct Rebuilder {
    stores: Stores,
    watch: CheckpointWatch,
    heartbeat: Heartbeat,
    remark: Remark,
    advance: Advance,
    /// What was acknowledged at the last look. The broker is asked about nothing newer: the server that answers may be new as leader.
    acknowledged: u64,
    figures: Figures,
    outage: Outage,
}

impl Rebuilder {
    /// Keeps the checkpoint; `watch` tells others of it.
    pub fn new(stores: Stores, watch: CheckpointWatch, health: &Health) -> Self {
        Self {
            stores,
            watch,
            heartbeat: health.register_loop("rebuild", LONGEST_SILENCE),
            remark: health.register_remark("the rebuild of the schedule"),
            advance: Advance::default(),
            acknowledged: 0,
            figures: Figures::new(),
            outage: Outage::new(QUIET),
        }
    }

    /// Looks each second, and when somebody asks for it, until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            // The next look is due already after a long one, which each is while the broker hangs: chance could begin so many
            // that the drain is over its limit.
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.watch.asked() => {}
                _ = ticks.tick() => {}
            }
            self.heartbeat.beat();
            match self.look(&stop).await {
                Ok(()) => drop(self.outage.succeeded()),
                Err(error) => self.report(&error),
            }
        }
    }

    /// A store that is away is told elsewhere too, so once and then once a minute is enough.
    fn report(&self, error: &anyhow::Error) {
        match self.outage.failed() {
            Some(times) => warn!("could not look after the checkpoint, {times} times by now: {error:#}"),
            None => debug!("could not look after the checkpoint: {error:#}"),
        }
    }

    async fn look(&mut self, stop: &CancellationToken) -> anyhow::Result<()> {
        let standing = self.stores.schedule.standing(self.watch.retention()).await?;
        self.figures.beyond_retention(standing.beyond_retention);
        if self.stores.schedule.has_come_back() {
            return self.begin_from_nothing(&standing, stop).await;
        }
        // Redis is asked first: what it has lost is known while the broker is away.
        let acknowledged = std::mem::replace(&mut self.acknowledged, self.stores.acknowledged.last());
        let lost = match self.stores.loss(&standing, acknowledged).await? {
            Some(loss) => Err(loss),
            None => standing.checkpoint.as_ref().ok_or(Loss::Checkpoint),
        };
        self.watch.set_holds(lost.is_ok());
        match lost {
            Ok(checkpoint) => self.advance(checkpoint).await,
            Err(loss) => {
                self.figures.lost();
                match &standing.rebuild {
                    Some(rebuild) => debug!("{} rebuilds the schedule: {loss}", rebuild.by),
                    None => self.rebuild(&loss, stop).await?,
                }
                Ok(())
            }
        }
    }

    /// On a server that has come back. A rebuild that is under way may have begun before it was left: this one comes after.
    async fn begin_from_nothing(
        &mut self,
        standing: &Standing,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        self.watch.set_holds(false);
        self.figures.lost();
        if standing.rebuild.is_some() || !self.stores.schedule.forget_after_coming_back().await? {
            debug!("a rebuild is under way on a server that has come back: another one follows");
            return Ok(());
        }
        self.rebuild(&Loss::CameBack, stop).await
    }

    async fn advance(&mut self, checkpoint: &Checkpoint) -> anyhow::Result<()> {
        let Some(orders) = self.stores.broker.stream_state(Service::Orders).await? else { return Ok(()) };
        self.watch.set_retention(orders.max_age);
        let noted = self.advance.step(&self.stores, checkpoint, orders.last_place()).await?;
        self.figures.holds(checkpoint.orders, noted);
        Ok(())
    }

    async fn rebuild(&mut self, loss: &Loss, stop: &CancellationToken) -> anyhow::Result<()> {
        let Some(lease) = self.stores.schedule.begin_rebuild().await? else { return Ok(()) };
        let losses = self.stores.acknowledged.losses();
        let mut attempt = Attempt::new(&self.stores, lease, &self.heartbeat, &self.remark, loss);
        let outcome = tokio::select! {
            () = stop.cancelled() => None,
            outcome = Box::pin(attempt.run()) => Some(outcome),
        };
        let lease = attempt.into_lease();
        self.remark.clear();
        let failure = match outcome {
            Some(Ok(done)) => {
                self.stores.acknowledged.mended(losses);
                self.figures.rebuilt(&done);
                self.watch.ask();
                return Ok(());
            }
            Some(Err(error)) => Some(error.context("rebuild the schedule")),
            None => None,
        };
        if let Err(error) = self.stores.schedule.give_up_rebuild(&lease).await {
            debug!("the lease of the rebuild runs out: {error}");
        }
        failure.map_or(Ok(()), Err)
    }
}

impl Stores {
    /// Why the schedule has to be rebuilt, if so; so much was acknowledged to this process some time ago.
    async fn loss(
        &self,
        Standing { checkpoint, run, .. }: &Standing,
        acknowledged: u64,
    ) -> anyhow::Result<Option<Loss>> {
        let Some(checkpoint) = checkpoint else { return Ok(Some(Loss::Checkpoint)) };
        if checkpoint.run.is_none() {
            return Ok(Some(Loss::Unfinished));
        }
        if !checkpoint.is_of_run(run) {
            return Ok(Some(Loss::Run));
        }
        if !self.broker.still_has(Service::Expiration, checkpoint.fired).await? {
            return Ok(Some(Loss::Expirations));
        }
        if let Some(state) = self.broker.stream_state(Service::Expiration).await? {
            self.acknowledged.ends(acknowledged, state.last_sequence);
        }
        if self.acknowledged.went_back() {
            return Ok(Some(Loss::Expirations));
        }
        let has_orders = self.broker.still_has(Service::Orders, checkpoint.orders).await?;
        Ok((!has_orders).then_some(Loss::Orders))
    }
}
