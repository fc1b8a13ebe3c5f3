//! Acts on many: `POST /api/operations` counts and freezes the set, `/confirm` with that count begins, and the operation shows
//! its progress until it is done or aborted.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::{Id, Timestamp};

/// Body of `POST /api/operations`: what is to be done to which. Nothing is done by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperationPlan {
    /// What.
    pub action: OperationAction,
    /// Which timers, for the actions on timers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timers: Option<TimerFilter>,
    /// Which dead letters, for the actions on dead letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<DeadLetterFilter>,
    /// What is told again, for `retellEvents`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retell: Option<RetellFilter>,
    /// Of `moveTimers`: to this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// Of `moveTimers`: by so many ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_ms: Option<i64>,
    /// Why, for the audit; `discardDeadLetters` needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What can be done to many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum OperationAction {
    /// Fire now.
    FireTimers,
    /// Move by or to.
    MoveTimers,
    /// Cancel.
    CancelTimers,
    /// Replay, each to its consumer.
    ReplayDeadLetters,
    /// Discard with a note.
    DiscardDeadLetters,
    /// Tell again what has changed in a service. The service does it in one go, so it can't be aborted half-way.
    RetellEvents,
}

/// Timers: those of `ids`, or those due in a time; both: those of the ids that are due in that time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimerFilter {
    /// Due at this instant or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_from: Option<Timestamp>,
    /// Due before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_to: Option<Timestamp>,
    /// These, at most 1,000,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<Id>>,
}

/// Dead letters that match each of what is given; nothing given is all of them. Those that come later are never taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterFilter {
    /// Of this group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Of this consumer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    /// That name this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Id>,
}

/// Events of a service, by when what they tell of has changed. What changes until it is confirmed is told too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetellFilter {
    /// `orders`, `tickets` or `payments`.
    pub service: String,
    /// From when on, by the service's own database.
    pub since: Timestamp,
}

/// Body of `POST /api/operations/{id}/confirm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Confirm {
    /// How many it is about, as the plan has said. Another count is 409 and nothing is done.
    pub count: u64,
}

/// An operation: answer of `POST /api/operations` (201), of `GET`, `confirm` and `abort` of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// The operation.
    pub id: String,
    /// What is done.
    pub action: OperationAction,
    /// How far it has come.
    pub state: OperationState,
    /// Who planned it.
    pub by: String,
    /// When.
    pub planned_at: Timestamp,
    /// How many it is about: a set that was frozen when it was planned.
    pub count: u64,
    /// Some of them, at most 20: ids of orders or sequences of dead letters; of `retellEvents`, whose and since when.
    pub samples: Vec<String>,
    /// Done so far.
    pub done: u64,
    /// There was nothing to do any more: fired, paid or replayed meanwhile.
    pub skipped: u64,
    /// Could not be done.
    pub failed: u64,
    /// The first of those, at most 20.
    pub failures: Vec<OperationFailure>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// How far an operation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OperationState {
    /// Counted, and not confirmed. It is forgotten after ten minutes.
    Planned,
    /// Being done.
    Running,
    /// Done.
    Done,
    /// Stopped half-way; what was done stays.
    Aborted,
    /// Stopped by a service that does not answer; planning it again takes up the rest.
    Failed,
}

/// One that could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperationFailure {
    /// Which.
    pub item: String,
    /// Why.
    pub reason: String,
}

/// Answer of `GET /api/operations`: the newest first, of the last hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Operations {
    /// The operations.
    pub operations: Vec<Operation>,
}
