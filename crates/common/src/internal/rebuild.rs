//! How the schedule comes back when Redis has lost some of it: the checkpoint and the rebuild in `GET /internal/schedule`, and
//! `POST /internal/rebuild` of `expiration`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::Timestamp;

/// Up to which message of the orders' stream every timer is known to be in the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckpointState {
    /// Whether Redis and the streams are still those of the checkpoint. False also when there is none: a rebuild makes it anew.
    pub holds: bool,
    /// The message; 0: before the first.
    pub sequence: u64,
    /// When the broker stored it.
    pub stored: Timestamp,
}

/// A rebuild under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RebuildState {
    /// The worker, by its `NATS_CLIENT_ID`.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
    /// Up to which message of the orders' stream it has come.
    pub applied: u64,
    /// The message at which it ends; 0 while it reads what has fired, which comes first.
    pub last: u64,
    /// Messages still to be read.
    pub left: u64,
}

/// Answer of `POST /internal/rebuild`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RebuildAnswer {
    /// False: one was under way already, and goes on.
    pub begun: bool,
}
