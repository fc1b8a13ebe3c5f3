//! Has done what is left to be done: captures, releases, closed pages, calls whose answer was lost, webhooks that never came.
//!
//! It takes payments that are due, with a lease, and takes the next step of each. One that is not done is due again, after a
//! pause that grows; one whose process died is due when the lease is over. So a crash needs no recovery of its own.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use metrics::gauge;
use process::{Wake, health::Heartbeat};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, warn};

use crate::{
    cashier::{Cashier, Left, StepError},
    payment::{Payment, Status},
    store::{Store, Unsettled},
};

/// Payments that one replica works on at one time.
pub const MOST_AT_ONCE: usize = 32;
/// For how long a payment is taken, and taken again while its step lasts: what a process that died had in hand is due so soon. One
/// that was only slow has company then, which is safe.
pub const LEASE: Duration = Duration::from_secs(3);
/// Longest time between two looks at the table, for what other replicas left behind.
const POLL: Duration = Duration::from_secs(1);
/// When something held or open is looked up at the provider if nothing is heard of it; and again after as long as it has not
/// changed by then.
const FIRST_LOOK: Duration = Duration::from_secs(120);
const LONGEST_LOOK: Duration = Duration::from_secs(60 * 60);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const MEASURE_INTERVAL: Duration = Duration::from_secs(5);
/// For the steps in hand when the drain begins: one call of the provider, and what is written of it.
const DRAIN_LIMIT: Duration = Duration::from_secs(12);

/// Takes the steps that payments wait for. Any number of them, in one process or several, share the work.
#[derive(Clone, Debug)]
pub struct Settler {
    store: Store,
    cashier: Cashier,
    due: Wake,
}

impl Settler {
    /// A settler of the payments in `store`, that looks whenever `due` is rung, and every second.
    pub fn new(store: Store, cashier: Cashier, due: Wake) -> Self {
        tell(Unsettled::default());
        Self { store, cashier, due }
    }

    /// Takes one step of each payment that is due, at most [`MOST_AT_ONCE`], and says how many those were.
    ///
    /// # Errors
    /// When Postgres is away. What was done by then stays so.
    pub async fn run_once(&self) -> anyhow::Result<usize> {
        let payments = self.store.claim_due(MOST_AT_ONCE, LEASE).await.context("claim due payments")?;
        let count = payments.len();
        let steps = TaskTracker::new();
        for payment in payments {
            let settler = self.clone();
            steps.spawn(async move { settler.step(payment).await });
        }
        steps.close();
        steps.wait().await;
        Ok(count)
    }

    /// Settles until `stop`, whatever fails; then finishes the steps in hand.
    pub async fn run(self, heartbeat: Heartbeat, stop: CancellationToken) {
        let slots = Arc::new(Semaphore::new(MOST_AT_ONCE));
        let steps = TaskTracker::new();
        let mut measured: Option<Instant> = None;
        let mut failing = false;
        while !stop.is_cancelled() {
            heartbeat.beat();
            if measured.is_none_or(|at| at.elapsed() >= MEASURE_INTERVAL) {
                measured = Some(Instant::now());
                self.measure().await;
            }
            let Some(slot) = free_slot(&slots, &stop).await else { continue };
            let room = slots.available_permits() + 1;
            // As many as there was room for: there may be more.
            let are_more = match self.claim(room).await {
                Ok(payments) => {
                    failing = false;
                    let are_more = payments.len() == room;
                    self.spawn(payments, slot, &slots, &steps);
                    are_more
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        warn!("the settler waits: {error:#}");
                    }
                    false
                }
            };
            if !are_more {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.pause(failing) => {}
                }
            }
        }
        steps.close();
        // What is cut off is taken again.
        let _ = tokio::time::timeout(DRAIN_LIMIT, steps.wait()).await;
    }

    async fn claim(&self, room: usize) -> anyhow::Result<Vec<Payment>> {
        self.store.claim_due(room, LEASE).await.context("claim due payments")
    }

    fn spawn(
        &self,
        payments: Vec<Payment>,
        first: OwnedSemaphorePermit,
        slots: &Arc<Semaphore>,
        steps: &TaskTracker,
    ) {
        let mut slot = Some(first);
        for payment in payments {
            // There was room for all of them, and only this loop takes slots.
            let slot = slot.take().or_else(|| Arc::clone(slots).try_acquire_owned().ok());
            let settler = self.clone();
            steps.spawn(async move {
                settler.step(payment).await;
                drop(slot);
            });
        }
    }

    async fn pause(&self, failing: bool) {
        if failing {
            // Deaf to the bell: each ring would only make the failures come faster.
            tokio::time::sleep(POLL).await;
        } else {
            // Without a ring the poll is enough.
            let _ = tokio::time::timeout(POLL, self.due.rung()).await;
        }
    }

    /// Takes the step that one payment waits for, and has it looked at again if something is left.
    async fn step(&self, mut payment: Payment) {
        let left = self.step_leased(&mut payment).await;
        let after = match &left {
            Ok(Left::Nothing) => return,
            Ok(Left::More) => pause(payment.attempts),
            Ok(Left::Look) => until_next_look(&payment),
            Err(error) => {
                let after = pause(payment.attempts).max(error.retry_after().unwrap_or_default());
                tell_failed(&payment, error, after);
                after
            }
        };
        // Without this it is due when the lease is over.
        if let Err(error) = self.store.look_again(&payment, after).await {
            debug!(payment = %payment.id, "payment {} is looked at again later: {error}", payment.id);
        }
        if after < POLL {
            self.ring_after(after);
        }
    }

    /// Takes the step, and keeps the lease meanwhile: a call may take longer.
    async fn step_leased(&self, payment: &mut Payment) -> Result<Left, StepError> {
        let claimed = payment.clone();
        let mut step = pin!(self.cashier.step(&claimed));
        loop {
            tokio::select! {
                left = &mut step => return left,
                () = tokio::time::sleep(LEASE / 3) => {
                    // Lost, because something has happened to the payment since: whoever looks at it next has news.
                    if let Ok(Some(due_at)) = self.store.keep(payment, LEASE).await {
                        payment.due_at = Some(due_at);
                    }
                }
            }
        }
    }

    fn ring_after(&self, after: Duration) {
        let due = self.due.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            due.ring();
        });
    }

    async fn measure(&self) {
        match self.store.unsettled().await {
            Ok(unsettled) => tell(unsettled),
            Err(error) => debug!("could not count what is not settled: {error}"),
        }
    }
}

async fn free_slot(slots: &Arc<Semaphore>, stop: &CancellationToken) -> Option<OwnedSemaphorePermit> {
    tokio::select! {
        () = stop.cancelled() => None,
        slot = tokio::time::timeout(POLL, Arc::clone(slots).acquire_owned()) => slot.ok()?.ok(),
    }
}

fn tell(unsettled: Unsettled) {
    gauge!("payments_unsettled").set(unsettled.count as f64);
    gauge!("payments_unsettled_oldest_age_seconds").set(unsettled.oldest_s);
}

fn tell_failed(payment: &Payment, error: &StepError, after: Duration) {
    let (id, attempts) = (&payment.id, payment.attempts);
    // The first few belong to every short outage, and one in many is enough of a long one.
    if attempts == 3 || attempts % 20 == 0 {
        warn!(payment = %id, attempts, trace_id = payment.trace_id(), "payment {id} is tried again in {after:?}: {error}");
    } else {
        debug!(payment = %id, attempts, "payment {id} is tried again in {after:?}: {error}");
    }
}

/// Doubled with each attempt.
fn pause(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts - 1).unwrap_or_default().min(16);
    (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

/// A page is looked at steadily: its buyer waits. What is held waits for a decision, which may take as long as an outage.
fn until_next_look(payment: &Payment) -> Duration {
    match payment.status {
        Status::Open => FIRST_LOOK,
        _ => payment.unchanged_for().clamp(FIRST_LOOK, LONGEST_LOOK),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let pauses: Vec<u128> =
            [1, 2, 3, 4, 8, 9, 10, i32::MAX].map(|attempts| pause(attempts).as_millis()).into();
        assert_eq!(pauses, [250, 500, 1000, 2000, 32_000, 60_000, 60_000, 60_000]);
    }
}
