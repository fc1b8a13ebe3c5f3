//! `order:extended`: the timer runs for longer.

use std::time::Duration;

use common::event::OrderExtended;
use messaging::{BatchError, Delivery, Handler, Outcome};
use metrics::counter;
use process::telemetry::begin_at_zero;

use super::due;
use crate::{relay::DueWake, schedule::Schedule};

/// Moves timers to a later instant, in place.
///
/// Whatever it comes too late for costs an event too many and nothing else: a timer that has fired, or is in a worker's hands,
/// is early by Postgres, and `orders` puts it off until the new time.
#[derive(Debug)]
pub struct OrderExtendedHandler {
    schedule: Schedule,
    max_delay: Duration,
    due_wake: DueWake,
}

impl OrderExtendedHandler {
    /// Moves the timers of `schedule`. One that is missing is added: that wakes the relay through `due_wake` where it sleeps too
    /// long. An instant further away than `max_delay` is refused.
    pub fn new(schedule: Schedule, max_delay: Duration, due_wake: DueWake) -> Self {
        begin_at_zero("expiration_extended_total");
        Self { schedule, max_delay, due_wake }
    }
}

impl Handler for OrderExtendedHandler {
    type Event = OrderExtended;

    async fn handle(&self, batch: &[Delivery<OrderExtended>]) -> Result<Vec<Outcome>, BatchError> {
        let events = batch.iter().map(|delivery| (&delivery.event.id, delivery.event.expires_at));
        let (jobs, outcomes) = due::jobs(events, self.max_delay);
        let extended =
            self.schedule.extend(&jobs).await.map_err(|error| BatchError::Unavailable(error.into()))?;
        counter!("expiration_extended_total").increment(extended);
        if let Some(earliest) = jobs.iter().map(|job| job.due_ms).min() {
            self.due_wake.set(earliest);
        }
        Ok(outcomes)
    }
}
