//! Message out: claims what is due and publishes `expiration:complete`, with several claims in flight.
//!
//! claim -> publish -> await every PubAck -> complete what is stored, release the rest. The next jobs are claimed
//! while PubAcks are awaited. A crash between any two of these steps leaves a claim that lapses.

mod acknowledged;
mod due_wake;
mod firing;
mod in_flight;
mod precise_sleeper;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use messaging::Publisher;
use process::health::{Health, Heartbeat};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

pub use acknowledged::Acknowledged;
pub use due_wake::DueWake;
use firing::{Figures, Firing};
pub use in_flight::InFlight;
use precise_sleeper::PreciseSleeper;

use crate::schedule::{ClaimOptions, Claimed, Schedule, Unavailable};

/// Jobs in one claim: more would keep Redis from others for longer than 2 ms.
const BATCH: usize = 500;
/// How many of them are the ones that became due last, while more are due than one claim takes.
const FRESH: usize = BATCH / 5;
/// Claims in flight.
const IN_FLIGHT: u32 = 8;
/// How long before it is due a job is claimed, so that nothing but the publish is left to do at its instant.
const AHEAD: Duration = Duration::from_millis(20);
/// Longest sleep: a lapsed claim or a timer that another worker scheduled is found by then.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// The result of one step of the relay.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// A claim is on its way, and there is more.
    Claimed,
    /// There is nothing to do for this long.
    Idle(Duration),
    /// Redis or NATS is away: back off.
    Failing,
}

/// The loop that fires timers.
#[derive(Debug)]
pub struct Relay {
    pipeline: Arc<Pipeline>,
    heartbeat: Heartbeat,
    due_wake: DueWake,
    in_flight: InFlight,
    slots: Arc<Semaphore>,
    batches: TaskTracker,
    /// Set by a claim that was not stored whole. One job at a time is tried until one is.
    failing: Arc<AtomicBool>,
    /// Redis did not answer the last claim.
    blind: AtomicBool,
    /// The last claim was a full one: there is a backlog.
    behind: AtomicBool,
}

/// What every claim needs on its way out.
#[derive(Debug)]
struct Pipeline {
    schedule: Schedule,
    publisher: Publisher,
    acknowledged: Acknowledged,
    sleeper: PreciseSleeper,
    figures: Figures,
}

impl Relay {
    /// Fires the timers of `schedule` through `publisher`. `due_wake` wakes it when one becomes due before it would look again.
    ///
    /// # Errors
    /// When the operating system has no thread to give.
    pub fn new(
        schedule: Schedule,
        publisher: Publisher,
        due_wake: DueWake,
        health: &Health,
    ) -> anyhow::Result<Self> {
        let pipeline = Pipeline {
            schedule,
            publisher,
            acknowledged: Acknowledged::default(),
            sleeper: PreciseSleeper::start()?,
            figures: Figures::new(),
        };
        Ok(Self {
            pipeline: Arc::new(pipeline),
            heartbeat: health.register_loop("relay", LONGEST_SILENCE),
            due_wake,
            in_flight: InFlight::default(),
            slots: Arc::new(Semaphore::new(IN_FLIGHT as usize)),
            batches: TaskTracker::new(),
            failing: Arc::default(),
            blind: AtomicBool::new(false),
            behind: AtomicBool::new(false),
        })
    }

    /// What the stream has acknowledged to this relay.
    pub fn acknowledged(&self) -> Acknowledged {
        self.pipeline.acknowledged.clone()
    }

    /// What this relay has claimed and not completed.
    pub fn in_flight(&self) -> InFlight {
        self.in_flight.clone()
    }

    /// Fires timers until `stop`, through every error; then settles the claims in flight.
    pub async fn run(self, stop: CancellationToken) {
        let mut backoff = FIRST_BACKOFF;
        loop {
            self.heartbeat.beat();
            // Asked between steps only: a claim that is cut short would have to wait for its lease.
            if stop.is_cancelled() {
                break;
            }
            match self.step().await {
                Step::Claimed => backoff = FIRST_BACKOFF,
                Step::Idle(wait) => {
                    backoff = FIRST_BACKOFF;
                    let wait = wait.clamp(SHORTEST_SLEEP, LONGEST_SLEEP);
                    stop.run_until_cancelled(self.due_wake.sleep(wait)).await;
                }
                Step::Failing => {
                    stop.run_until_cancelled(tokio::time::sleep(backoff)).await;
                    backoff = (backoff * 2).min(LONGEST_BACKOFF);
                }
            }
        }
        self.batches.close();
        self.batches.wait().await;
    }

    /// One claim and, in a task of its own, its way out.
    async fn step(&self) -> Step {
        if self.failing.load(Ordering::Acquire) {
            return self.probe().await;
        }
        let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return Step::Failing };
        // A claim in flight may have failed while this one waited for its slot.
        if self.failing.load(Ordering::Acquire) {
            // The probe needs every slot, this one too.
            drop(slot);
            return self.probe().await;
        }
        self.due_wake.begin_look();
        // What is overdue goes first: nobody waits for an instant while others have waited for too long.
        let ahead = if self.behind.load(Ordering::Relaxed) { Duration::ZERO } else { AHEAD };
        let claimed = self.pipeline.schedule.claim(ClaimOptions { limit: BATCH, fresh: FRESH, ahead }).await;
        match self.read(claimed) {
            Ok(Claimed { claim: Some(claim), wait }) => {
                let full = claim.jobs.len() == BATCH;
                self.behind.store(full, Ordering::Relaxed);
                self.start(Firing::new(claim, &self.in_flight), slot);
                if full { Step::Claimed } else { Step::Idle(before(wait)) }
            }
            Ok(Claimed { claim: None, wait }) => {
                self.behind.store(false, Ordering::Relaxed);
                Step::Idle(before(wait))
            }
            Err(failing) => failing,
        }
    }

    /// Tries one job, alone, until a PubAck comes: what stays in the schedule keeps its due time, and its age tells
    /// the truth.
    async fn probe(&self) -> Step {
        let Ok(_all) = self.slots.acquire_many(IN_FLIGHT).await else { return Step::Failing };
        self.due_wake.begin_look();
        let options = ClaimOptions { limit: 1, fresh: 0, ahead: Duration::ZERO };
        let claim = match self.read(self.pipeline.schedule.claim(options).await) {
            Ok(Claimed { claim: Some(claim), .. }) => claim,
            Ok(Claimed { claim: None, wait }) => {
                // Nothing is due to try with: the next claim tells.
                self.failing.store(false, Ordering::Release);
                return Step::Idle(wait.unwrap_or(LONGEST_SLEEP));
            }
            Err(failing) => return failing,
        };
        if Firing::new(claim, &self.in_flight).fire(&self.pipeline).await {
            info!("NATS stores expirations again");
            self.failing.store(false, Ordering::Release);
            return Step::Claimed;
        }
        Step::Failing
    }

    /// Says once that Redis is away, and once that it is back.
    fn read(&self, claimed: Result<Claimed, Unavailable>) -> Result<Claimed, Step> {
        match &claimed {
            Ok(_) if self.blind.swap(false, Ordering::Relaxed) => info!("Redis answers again: timers go on"),
            Err(error) if !self.blind.swap(true, Ordering::Relaxed) => {
                warn!("timers stand still until Redis answers: {error}");
            }
            _ => {}
        }
        claimed.map_err(|_| Step::Failing)
    }

    fn start(&self, firing: Firing, slot: OwnedSemaphorePermit) {
        let (pipeline, failing) = (Arc::clone(&self.pipeline), Arc::clone(&self.failing));
        self.batches.spawn(async move {
            if !firing.fire(&pipeline).await && !failing.swap(true, Ordering::AcqRel) {
                warn!("NATS does not store expirations: trying one at a time until it does");
            }
            drop(slot);
        });
    }
}

/// When to look again for a job that is due after `wait`: long enough before to claim it ahead, and late enough to
/// find more of them.
fn before(wait: Option<Duration>) -> Duration {
    wait.map_or(LONGEST_SLEEP, |wait| wait.saturating_sub(AHEAD / 2))
}
