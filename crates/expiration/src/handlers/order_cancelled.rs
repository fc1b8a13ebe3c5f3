//! `order:cancelled`: the timer is not needed any more.

use common::event::{Id, OrderCancelled};
use messaging::{BatchError, Delivery, Handler, Outcome};

use crate::schedule::Schedule;

/// Removes timers. It saves work; it is not what makes cancelling correct.
#[derive(Debug)]
pub struct OrderCancelledHandler {
    schedule: Schedule,
}

impl OrderCancelledHandler {
    /// Removes from `schedule`.
    pub fn new(schedule: Schedule) -> Self {
        Self { schedule }
    }
}

impl Handler for OrderCancelledHandler {
    type Event = OrderCancelled;

    async fn handle(&self, batch: &[Delivery<OrderCancelled>]) -> Result<Vec<Outcome>, BatchError> {
        let ids: Vec<&Id> = batch.iter().map(|delivery| &delivery.event.id).collect();
        self.schedule.unschedule(&ids).await.map_err(|error| BatchError::Unavailable(error.into()))?;
        Ok(vec![Outcome::Done; batch.len()])
    }
}
