//! Message out: claims what is due and publishes `expiration:complete`, with several batches in flight.
//!
//! claim -> publish -> await every PubAck -> complete what is stored, release the rest. The next batch is claimed
//! while PubAcks are awaited. A crash between any two of these steps leaves a claim that lapses.

mod alarm;
mod batch;
mod held;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use common::{
    clock,
    messaging::Publisher,
    process::health::{Health, Heartbeat},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

pub use alarm::Alarm;
use batch::Batch;
pub use held::Held;

use crate::schedule::Schedule;

/// Jobs in one claim: more would keep Redis from others for longer than 2 ms.
const BATCH: usize = 500;
/// Claims in flight.
const IN_FLIGHT: u32 = 4;
/// Longest sleep: a lapsed claim or a timer that another worker scheduled is found by then.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// What one step of the relay came to.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// A claim is on its way.
    Claimed,
    /// Nothing is due for this long.
    Idle(Duration),
    /// Redis or NATS is away: back off.
    Failing,
}

/// The loop that fires timers.
#[derive(Debug)]
pub struct Relay {
    schedule: Schedule,
    publisher: Publisher,
    heartbeat: Heartbeat,
    alarm: Alarm,
    held: Held,
    slots: Arc<Semaphore>,
    batches: TaskTracker,
    /// Set by a batch that was not stored whole. One job at a time is tried until one is.
    failing: Arc<AtomicBool>,
    /// Redis did not answer the last claim.
    blind: AtomicBool,
}

impl Relay {
    /// Fires the timers of `schedule` through `publisher`.
    pub fn new(schedule: Schedule, publisher: Publisher, health: &Health) -> Self {
        Self {
            schedule,
            publisher,
            heartbeat: health.register_loop("relay", LONGEST_SILENCE),
            alarm: Alarm::default(),
            held: Held::default(),
            slots: Arc::new(Semaphore::new(IN_FLIGHT as usize)),
            batches: TaskTracker::new(),
            failing: Arc::default(),
            blind: AtomicBool::new(false),
        }
    }

    /// Wakes this relay when a timer is added that is due before it would look again.
    pub fn alarm(&self) -> Alarm {
        self.alarm.clone()
    }

    /// What this relay has claimed and not completed.
    pub fn held(&self) -> Held {
        self.held.clone()
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
                    stop.run_until_cancelled(self.alarm.sleep(wait)).await;
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
        // A batch in flight may have failed while this one waited for its slot.
        if self.failing.load(Ordering::Acquire) {
            // The probe needs every slot, this one too.
            drop(slot);
            return self.probe().await;
        }
        match self.claim(BATCH).await {
            Ok(batch) => {
                self.start(batch, slot);
                Step::Claimed
            }
            Err(step) => step,
        }
    }

    /// Tries one job, alone, until a PubAck comes: what stays in the schedule keeps its due time, and its age tells
    /// the truth.
    async fn probe(&self) -> Step {
        let Ok(_all) = self.slots.acquire_many(IN_FLIGHT).await else { return Step::Failing };
        let batch = match self.claim(1).await {
            Ok(batch) => batch,
            Err(Step::Idle(wait)) => {
                // Nothing is due to try with: the next claim tells.
                self.failing.store(false, Ordering::Release);
                return Step::Idle(wait);
            }
            Err(step) => return step,
        };
        if batch.fire(&self.schedule, &self.publisher).await {
            info!("NATS stores expirations again");
            self.failing.store(false, Ordering::Release);
            return Step::Claimed;
        }
        Step::Failing
    }

    async fn claim(&self, limit: usize) -> Result<Batch, Step> {
        self.alarm.begin_look();
        match self.schedule.claim_due(limit, clock::now_ms()).await {
            Ok(claimed) => {
                if self.blind.swap(false, Ordering::Relaxed) {
                    info!("Redis answers again: timers go on");
                }
                match claimed.claim {
                    Some(claim) => Ok(Batch::new(claim, &self.held)),
                    None => Err(Step::Idle(claimed.wait.unwrap_or(LONGEST_SLEEP))),
                }
            }
            Err(error) => {
                if !self.blind.swap(true, Ordering::Relaxed) {
                    warn!("timers stand still until Redis answers: {error}");
                }
                Err(Step::Failing)
            }
        }
    }

    fn start(&self, batch: Batch, slot: OwnedSemaphorePermit) {
        let (schedule, publisher) = (self.schedule.clone(), self.publisher.clone());
        let failing = Arc::clone(&self.failing);
        self.batches.spawn(async move {
            if !batch.fire(&schedule, &publisher).await && !failing.swap(true, Ordering::AcqRel) {
                warn!("NATS does not store expirations: trying one at a time until it does");
            }
            drop(slot);
        });
    }
}
