//! When the broker stored what was told of an order.

use std::time::Duration;

use common::event::{Id, Subject, Timestamp};
use messaging::{Broker, EventSearch, StoredMessage};
use serde::Deserialize;

/// How far the broker's clock may be behind that of Postgres, in ms: first the usual, then the worst.
const BEHIND_MS: [i64; 2] = [100, 5_000];
/// And how long something may have waited in an outbox, to be found at all.
const AHEAD_MS: [i64; 2] = [2_000, 60_000];
/// Events that are looked at.
const MOST: usize = 5_000;
const LIMIT: Duration = Duration::from_millis(200);

/// Finds events by when they were stored. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EventTimes(Broker);

#[derive(Deserialize)]
struct OfOrder {
    id: Id,
}

impl EventTimes {
    /// Of what this broker has.
    pub fn new(broker: Broker) -> Self {
        Self(broker)
    }

    /// When the event of this order was stored, which was caused at `caused_at`; `None` if it is not in the stream, or much
    /// later than it should be.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn of(
        &self,
        subject: Subject,
        order: &Id,
        caused_at: Timestamp,
    ) -> anyhow::Result<Option<Timestamp>> {
        let is_it = |message: &StoredMessage| {
            serde_json::from_slice::<OfOrder>(&message.payload).is_ok_and(|event| event.id == *order)
        };
        for (behind, ahead) in BEHIND_MS.into_iter().zip(AHEAD_MS) {
            let caused_ms = caused_at.as_millis();
            let (from_ms, to_ms) = (caused_ms - behind, caused_ms + ahead);
            let search = EventSearch { subject, from_ms, to_ms, most: MOST, limit: LIMIT };
            if let Some(found) = self.0.find_event(search, is_it).await? {
                return Ok(Some(Timestamp::from_millis(found.stored_ns / 1_000_000)));
            }
        }
        Ok(None)
    }
}
