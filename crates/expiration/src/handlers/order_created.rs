//! `order:created`: from now on a timer runs.

use std::time::Duration;

use common::{clock, event::OrderCreated};
use messaging::{BatchError, Delivery, Handler, Outcome};
use metrics::counter;
use process::telemetry::begin_at_zero;

use crate::{
    relay::DueWake,
    schedule::{Job, Schedule},
};

/// Schedules orders: one `ZADD NX` a batch.
#[derive(Debug)]
pub struct OrderCreatedHandler {
    schedule: Schedule,
    max_delay: Duration,
    due_wake: DueWake,
}

impl OrderCreatedHandler {
    /// Adds to `schedule` and wakes the relay through `due_wake` where it sleeps too long. A due time further away than
    /// `max_delay` is refused: it is a mistake of the publisher, and would fill Redis for ever.
    pub fn new(schedule: Schedule, max_delay: Duration, due_wake: DueWake) -> Self {
        begin_at_zero("expiration_scheduled_total");
        Self { schedule, max_delay, due_wake }
    }

    /// A due time in the past is due now: every order looks so after an outage.
    fn check(&self, event: &OrderCreated) -> Result<Job, Outcome> {
        let latest = clock::now_ms().saturating_add_unsigned(millis(self.max_delay));
        let due_ms = event.expires_at.as_millis();
        if due_ms > latest {
            return Err(Outcome::reject(format!(
                "order {} expires at {}, further away than EXPIRATION_MAX_DELAY allows",
                event.id, event.expires_at
            )));
        }
        Ok(Job { id: event.id.clone(), due_ms: due_ms.max(0) })
    }
}

impl Handler for OrderCreatedHandler {
    type Event = OrderCreated;

    async fn handle(&self, batch: &[Delivery<OrderCreated>]) -> Result<Vec<Outcome>, BatchError> {
        let mut jobs = Vec::with_capacity(batch.len());
        let mut outcomes = Vec::with_capacity(batch.len());
        for delivery in batch {
            match self.check(&delivery.event) {
                Ok(job) => {
                    jobs.push(job);
                    outcomes.push(Outcome::Done);
                }
                Err(refused) => outcomes.push(refused),
            }
        }
        let new =
            self.schedule.schedule(&jobs).await.map_err(|error| BatchError::Unavailable(error.into()))?;
        counter!("expiration_scheduled_total").increment(new);
        if let Some(earliest) = jobs.iter().map(|job| job.due_ms).min() {
            self.due_wake.set(earliest);
        }
        Ok(outcomes)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
