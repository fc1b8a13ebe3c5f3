//! `GET|POST /internal/retell` of each service that has an outbox: what changed since an instant is told again. Listeners are
//! idempotent, so it costs time and harms nothing.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::Timestamp;

/// Answer of `GET /internal/retell?since=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetellCount {
    /// Events that would be told again.
    pub events: u64,
}

/// Body of `POST /internal/retell`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Retell {
    /// From when on, by the service's own database.
    pub since: Timestamp,
}

/// Answer of `POST /internal/retell`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetellAnswer {
    /// Events that are in the outbox once more.
    pub events: u64,
}

/// The last time that the broker had lost events of this service, or a listener had missed some, and they were told again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToldAgain {
    /// When.
    pub at: Timestamp,
    /// How many events.
    pub events: u64,
    /// From when on.
    pub since: Timestamp,
    /// How often either has happened since the database exists.
    pub losses: u64,
}
