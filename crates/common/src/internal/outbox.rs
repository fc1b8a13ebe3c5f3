//! `GET /internal/outbox` of each service that has one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ToldAgain;

/// What is committed and not yet told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutboxState {
    /// Events.
    pub depth: u64,
    /// Those of them that the broker has refused.
    pub set_aside: u64,
    /// For how long the oldest one has waited, in ms; 0 when there is none.
    pub oldest_age_ms: u64,
    /// Left out: the broker has lost nothing and no listener has missed anything, as far as this database knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_again: Option<ToldAgain>,
}
