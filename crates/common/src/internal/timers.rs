//! `/internal/timers`, `/internal/schedule`, `/internal/pause` of `expiration`. Instants are by Redis' clock unless said
//! otherwise.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CheckpointState, RebuildState};
use crate::event::{Id, Timestamp};

/// One timer: answer of `GET /internal/timers/{id}`. 404: there is none, so it has fired, was cancelled, or never was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timer {
    /// The order.
    pub id: Id,
    /// When it fires; of a claimed one, when its claim was made or lapses: its due time is in the worker's hands.
    pub due_at: Timestamp,
    /// How it is.
    pub state: TimerState,
    /// Who has it in hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<TimerClaim>,
}

/// How a timer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimerState {
    /// Its time has not come.
    Pending,
    /// Its time has come, and nobody has claimed it.
    Due,
    /// A worker has it in hand.
    Claimed,
}

/// A claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimerClaim {
    /// The worker, by its `NATS_CLIENT_ID`. Left out: one of an older release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it lapses, if the worker does not complete it.
    pub until: Timestamp,
}

/// Answer of `GET /internal/timers?from=&to=&after=&limit=`: by due time, those with `from <= due < to`, behind the cursor
/// `after`; at most 1,000 a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimerPage {
    /// The timers.
    pub timers: Vec<Timer>,
    /// The cursor of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Body of `POST /internal/timers/move`: at most 500. For timers of orders that are not ours, of which the timer alone decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MoveTimers {
    /// Which, and to when.
    pub timers: Vec<MoveTimer>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MoveTimer {
    /// The order.
    pub id: Id,
    /// When it is to fire; a past instant is now.
    pub to: Timestamp,
}

/// Body of `POST /internal/timers/remove`: at most 500.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimerIds {
    /// The orders.
    pub ids: Vec<Id>,
}

/// What became of each timer of a move or a removal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimerAnswers {
    /// Done, each as it was before.
    pub done: Vec<Timer>,
    /// In a worker's hands: it fires, or has fired already.
    pub claimed: Vec<Id>,
    /// There is no such timer.
    pub unknown: Vec<Id>,
}

/// Answer of `GET /internal/schedule`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleState {
    /// Timers in all: due or not, claimed or not.
    pub timers: u64,
    /// Their time has not come, and nobody has claimed them.
    pub pending: u64,
    /// Their time has come, and nobody has claimed them.
    pub due: u64,
    /// In a worker's hands.
    pub claimed: u64,
    /// Due for more than a second.
    pub overdue: u64,
    /// For how long the oldest due one has been, in ms; 0: none is.
    pub oldest_due_age_ms: u64,
    /// The clocks.
    pub clocks: Clocks,
    /// Left out: timers fire as they fall due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<PauseState>,
    /// Left out: a worker of a release that keeps none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<CheckpointState>,
    /// Left out: none is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<RebuildState>,
    /// Timers whose orders' events fall out of the stream before they are due: no rebuild can bring them back.
    #[serde(default)]
    pub beyond_retention: u64,
}

/// The clocks by which timers fire: the slower one of Redis' and the worker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Clocks {
    /// Redis'.
    pub redis: Timestamp,
    /// The answering worker's.
    pub worker: Timestamp,
}

/// Body of `PUT /internal/pause`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// Until when at most.
    pub until: Timestamp,
    /// How many a second of those that waited are fired afterwards, by all workers together; left out: as fast as can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Who wants it.
    pub by: String,
}

/// Body of `POST /internal/resume`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Resume {
    /// As in [`Pause`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
}

/// A pause, or what is left of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PauseState {
    /// Whether nothing is claimed now; else what waited is being fired at `rate`.
    pub paused: bool,
    /// Since when.
    pub since: Timestamp,
    /// Until when at most, or when it ended.
    pub until: Timestamp,
    /// How many a second of those that waited are fired afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Who wanted it.
    pub by: String,
    /// How many have waited until now, or still wait.
    pub waiting: u64,
    /// How many more fall due until it ends, as far as is known.
    pub falling_due: u64,
}

/// Answer of `GET /internal/schedule/forecast`: how many fall due when. Claimed ones count when their claim lapses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Forecast {
    /// From when on.
    pub now: Timestamp,
    /// Due before that.
    pub due: u64,
    /// In each of the next 60 minutes.
    pub minutes: Vec<u64>,
    /// In each of the next 48 hours, the first of which is those 60 minutes.
    pub hours: Vec<u64>,
    /// After those.
    pub later: u64,
}
