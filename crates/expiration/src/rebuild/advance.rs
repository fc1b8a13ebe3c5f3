//! Advances the checkpoint in health.
//!
//! The order is the protocol. First the last message of each stream is noted. Then the streams are found to have what the
//! checkpoint says still, and every consumer to have acknowledged as much as was noted: both only at a later look, so that
//! nothing waits. Then the script advances the checkpoint that was looked at, and no other. The other way round, a message
//! stored between two questions would be counted and not be there, or a loss between them be forgotten.

use common::{Service, event::Subject};
use messaging::Place;

use super::Stores;
use crate::schedule::Checkpoint;

/// Whose acknowledgements say that an event is in the schedule.
pub(super) const LISTENERS: [(Service, Subject); 3] = [
    (Service::Expiration, Subject::OrderCreated),
    (Service::Expiration, Subject::OrderExtended),
    (Service::Expiration, Subject::OrderCancelled),
];

/// The ends of both streams at an earlier look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Noted {
    orders: Place,
    fired: Place,
}

/// How far an advance is.
#[derive(Debug, Default)]
pub(super) struct Advance(Option<Noted>);

impl Advance {
    /// Goes on by one step, for a checkpoint that was found to hold since the last step; `last` is the end of the orders' stream
    /// now. Answers whether the checkpoint is as far as was noted, or will be at once.
    pub(super) async fn step(
        &mut self,
        stores: &Stores,
        checkpoint: &Checkpoint,
        last: Place,
    ) -> anyhow::Result<bool> {
        if let Some(noted) = self.0
            && noted.is_ahead_of(checkpoint)
        {
            if !is_acknowledged(stores, noted.orders.sequence).await? {
                return Ok(false);
            }
            stores.schedule.advance_checkpoint(checkpoint, noted.orders, noted.fired).await?;
        }
        let fired = stores.broker.last_place(Service::Expiration).await?;
        self.0 = fired.map(|fired| Noted { orders: last, fired });
        Ok(true)
    }
}

impl Noted {
    /// Whether it says more than the checkpoint. Of other streams it says nothing.
    fn is_ahead_of(&self, Checkpoint { orders, fired, .. }: &Checkpoint) -> bool {
        let is_of_them =
            self.orders.created_ns == orders.created_ns && self.fired.created_ns == fired.created_ns;
        is_of_them && (self.orders.sequence > orders.sequence || self.fired.sequence > fired.sequence)
    }
}

async fn is_acknowledged(stores: &Stores, sequence: u64) -> anyhow::Result<bool> {
    let floors = stores.broker.floors(&LISTENERS).await?;
    Ok(floors.iter().all(|floor| floor.is_some_and(|floor| floor.taken(sequence) >= sequence)))
}
