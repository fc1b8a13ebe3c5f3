//! Acts on one thing: `POST /api/timers/{id}/fire|move|cancel`, `/api/pause`, `/api/resume`, `/api/payments/{id}/settle`.
//! Lists are [`TimerPage`](crate::internal::TimerPage) at `GET /api/timers`, [`Forecast`](crate::internal::Forecast) at
//! `GET /api/timers/forecast`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::{Id, Timestamp};

/// An act that needs nothing but a reason, which may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Act {
    /// Why, for the audit; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Body of `POST /api/timers/{id}/move`: exactly one of `to` and `byMs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MoveAct {
    /// To this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// By so many ms; below zero is earlier, which only orders of other services can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_ms: Option<i64>,
    /// Why, for the audit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What an act on a timer did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActAnswer {
    /// The order.
    pub id: Id,
    /// Who decided about it.
    pub decider: Decider,
    /// What was done, and why by this one, for a person.
    pub message: String,
    /// When it was to fire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
    /// When it fires now; left out when it does no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Timestamp>,
}

/// Who decides about a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decider {
    /// `orders`: it is an order of ours, and a timer that fires before `expiresAt` would be early.
    Orders,
    /// `expiration`: the order is another service's, and the timer is all that there is of it here.
    Expiration,
}

/// Body of `POST /api/pause`: one of `until` and `forMs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PauseAct {
    /// Until when at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// For how long at most, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_ms: Option<u64>,
    /// How many a second of those that waited are fired afterwards; left out: as fast as can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Why, for the audit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Body of `POST /api/resume`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResumeAct {
    /// As in [`PauseAct`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Why, for the audit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Body of `POST /api/payments/{id}/settle`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettleAct {
    /// What was done about the money, 1 to 1,000 characters.
    pub note: String,
}
