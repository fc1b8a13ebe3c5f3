//! `/internal/schedule`, `/internal/pause`, `/internal/resume` and `/internal/rebuild`.

use std::ops::RangeInclusive;

use axum::{Json, extract::State, http::StatusCode};
use common::{
    api::ErrorBody,
    clock,
    event::Timestamp,
    internal::{CheckpointState, Forecast, Pause, RebuildAnswer, RebuildState, Resume, ScheduleState},
};
use process::config::duration::WithUnit;

use super::{Internal, body::Body, problem::Problem};
use crate::schedule::{LONGEST_PAUSE, PauseAnswer, Standing};

/// How many a second. More than the upper end is no limit any more.
const RATES: RangeInclusive<u32> = 1..=1_000_000;
/// Characters of who wants a pause.
const LONGEST_NAME: usize = 200;

/// The schedule in figures.
#[utoipa::path(
    get,
    path = "/internal/schedule",
    responses(
        (status = 200, description = "How many timers are pending, due and claimed.", body = ScheduleState),
        (status = 401, description = "The token is not there, or another.", body = ErrorBody),
        (status = 503, description = "Redis is away.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn state(State(internal): State<Internal>) -> Result<Json<ScheduleState>, Problem> {
    internal.state().await
}

/// How many timers fall due when.
#[utoipa::path(
    get,
    path = "/internal/schedule/forecast",
    responses(
        (status = 200, description = "Minute by minute for an hour, hour by hour for two days.", body = Forecast),
        (status = 401, description = "The token is not there, or another.", body = ErrorBody),
        (status = 503, description = "Redis is away.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn forecast(
    State(Internal { schedule, .. }): State<Internal>,
) -> Result<Json<Forecast>, Problem> {
    Ok(Json(schedule.forecast().await?))
}

/// Stops all claims of all workers, until an instant at most.
#[utoipa::path(
    put,
    path = "/internal/pause",
    request_body = Pause,
    responses(
        (status = 200, description = "Nothing is claimed.", body = ScheduleState),
        (status = 400, description = "A field is wrong.", body = ErrorBody),
        (status = 401, description = "The token is not there, or another.", body = ErrorBody),
        (status = 413, description = "The body is longer than 128 KiB.", body = ErrorBody),
        (status = 503, description = "Redis is away.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn pause(
    State(internal): State<Internal>,
    Body(pause): Body<Pause>,
) -> Result<Json<ScheduleState>, Problem> {
    check_rate(pause.rate)?;
    if !(1..=LONGEST_NAME).contains(&pause.by.chars().count()) || pause.by.chars().any(char::is_control) {
        return Err(Problem::field("by", format!("expected 1 to {LONGEST_NAME} printable characters")));
    }
    match internal.schedule.pause(&pause).await? {
        PauseAnswer::Paused => internal.state().await,
        PauseAnswer::Past => Err(Problem::field("until", "it is past, by Redis' clock")),
        PauseAnswer::TooFar => {
            let longest = WithUnit(LONGEST_PAUSE);
            Err(Problem::field("until", format!("further away than the longest pause, {longest}")))
        }
    }
}

/// Ends a pause, or changes the rate after one.
#[utoipa::path(
    post,
    path = "/internal/resume",
    request_body = Resume,
    responses(
        (status = 200, description = "Timers are claimed.", body = ScheduleState),
        (status = 400, description = "A field is wrong.", body = ErrorBody),
        (status = 401, description = "The token is not there, or another.", body = ErrorBody),
        (status = 413, description = "The body is longer than 128 KiB.", body = ErrorBody),
        (status = 503, description = "Redis is away.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn resume(
    State(internal): State<Internal>,
    Body(Resume { rate }): Body<Resume>,
) -> Result<Json<ScheduleState>, Problem> {
    check_rate(rate)?;
    if internal.schedule.resume(rate).await? {
        internal.due_wake.set(clock::now_ms());
    }
    internal.state().await
}

/// Begins a rebuild of the schedule from the beginning of the streams.
#[utoipa::path(
    post,
    path = "/internal/rebuild",
    responses(
        (status = 202, description = "One is under way.", body = RebuildAnswer),
        (status = 401, description = "The token is not there, or another.", body = ErrorBody),
        (status = 503, description = "Redis is away.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn rebuild(
    State(Internal { schedule, watch, .. }): State<Internal>,
) -> Result<(StatusCode, Json<RebuildAnswer>), Problem> {
    let begun = schedule.forget_checkpoint().await?;
    watch.ask();
    Ok((StatusCode::ACCEPTED, Json(RebuildAnswer { begun })))
}

impl Internal {
    async fn state(&self) -> Result<Json<ScheduleState>, Problem> {
        let mut state = self.schedule.state().await?;
        let standing = self.schedule.standing(self.watch.retention()).await?;
        state.beyond_retention = standing.beyond_retention;
        state.checkpoint = Some(self.checkpoint_state(&standing));
        state.rebuild = standing.rebuild.map(|rebuild| RebuildState {
            by: rebuild.by,
            since: Timestamp::from_millis(rebuild.since_ms),
            applied: rebuild.applied,
            last: rebuild.last,
            left: rebuild.last.saturating_sub(rebuild.applied),
        });
        Ok(Json(state))
    }

    /// What the streams say is of this worker's last look.
    fn checkpoint_state(&self, Standing { checkpoint, run, .. }: &Standing) -> CheckpointState {
        let Some(checkpoint) = checkpoint else {
            return CheckpointState { holds: false, sequence: 0, stored: Timestamp::from_millis(0) };
        };
        CheckpointState {
            holds: checkpoint.is_of_run(run) && self.watch.holds(),
            sequence: checkpoint.orders.sequence,
            stored: Timestamp::from_millis(checkpoint.orders.stored_ns / 1_000_000),
        }
    }
}

fn check_rate(rate: Option<u32>) -> Result<(), Problem> {
    if rate.is_none_or(|rate| RATES.contains(&rate)) {
        return Ok(());
    }
    Err(Problem::field("rate", format!("expected {} to {} a second", RATES.start(), RATES.end())))
}
