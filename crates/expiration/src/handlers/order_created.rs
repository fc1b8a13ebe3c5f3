//! `order:created`: from now on a timer runs.

use std::time::Duration;

use common::event::OrderCreated;
use messaging::{BatchError, Delivery, Handler, Outcome};
use metrics::counter;
use process::telemetry::begin_at_zero;

use super::due;
use crate::{relay::DueWake, schedule::Schedule};

/// Schedules orders: one `ZADD NX` a batch.
#[derive(Debug)]
pub struct OrderCreatedHandler {
    schedule: Schedule,
    max_delay: Duration,
    due_wake: DueWake,
}

impl OrderCreatedHandler {
    /// Adds to `schedule` and wakes the relay through `due_wake` where it sleeps too long. A due time further away than
    /// `max_delay` is refused.
    pub fn new(schedule: Schedule, max_delay: Duration, due_wake: DueWake) -> Self {
        begin_at_zero("expiration_scheduled_total");
        Self { schedule, max_delay, due_wake }
    }
}

impl Handler for OrderCreatedHandler {
    type Event = OrderCreated;

    async fn handle(&self, batch: &[Delivery<OrderCreated>]) -> Result<Vec<Outcome>, BatchError> {
        let events = batch.iter().map(|delivery| (&delivery.event.id, delivery.event.expires_at));
        let (jobs, outcomes) = due::jobs(events, self.max_delay);
        let new =
            self.schedule.schedule(&jobs).await.map_err(|error| BatchError::Unavailable(error.into()))?;
        counter!("expiration_scheduled_total").increment(new);
        if let Some(earliest) = jobs.iter().map(|job| job.due_ms).min() {
            self.due_wake.set(earliest);
        }
        Ok(outcomes)
    }
}
