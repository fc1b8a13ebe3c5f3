//! `/api/schedule`, `/api/pause`, `/api/resume`, `/api/rebuild`

use axum::{Extension, Json, extract::State, http::StatusCode};
use common::{
    api::ErrorBody,
    internal::{RebuildAnswer, ScheduleState},
    operator::{Act, PauseAct, ResumeAct},
};

use super::body::Body;
use crate::{access::Actor, app::App, failure::Failure};

/// How many timers there are and how they are, its pause, its checkpoint, and a rebuild that is under way.
#[utoipa::path(
    get,
    path = "/api/schedule",
    operation_id = "getSchedule",
    responses((status = 200, description = "As it is now.", body = ScheduleState))
)]
pub(super) async fn show(State(app): State<App>) -> Result<Json<ScheduleState>, Failure> {
    app.schedule().await.map(Json)
}

/// Stops the claiming of timers everywhere, until an instant at most. A pause that is there is replaced.
#[utoipa::path(
    post,
    path = "/api/pause",
    operation_id = "pauseSchedule",
    request_body = PauseAct,
    responses(
        (status = 200, description = "The schedule, with how many wait and fall due meanwhile.", body = ScheduleState),
        (status = 400, description = "The end or the rate is not valid.", body = ErrorBody),
    )
)]
pub(super) async fn pause(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Body(act): Body<PauseAct>,
) -> Result<Json<ScheduleState>, Failure> {
    app.pause(&actor, act).await.map(Json)
}

/// Ends a pause: what has waited is fired at the rate.
#[utoipa::path(
    post,
    path = "/api/resume",
    operation_id = "resumeSchedule",
    request_body = ResumeAct,
    responses(
        (status = 200, description = "The schedule, with how many still wait.", body = ScheduleState),
        (status = 400, description = "The rate is not valid.", body = ErrorBody),
    )
)]
pub(super) async fn resume(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Body(act): Body<ResumeAct>,
) -> Result<Json<ScheduleState>, Failure> {
    app.resume(&actor, act).await.map(Json)
}

/// Begins a rebuild of the schedule from the orders' stream. Timers fire meanwhile; `GET /api/schedule` has its progress.
#[utoipa::path(
    post,
    path = "/api/rebuild",
    operation_id = "rebuildSchedule",
    request_body = Act,
    responses(
        (status = 202, description = "It has begun, or one was under way already and goes on.", body = RebuildAnswer),
    )
)]
pub(super) async fn rebuild(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Body(act): Body<Act>,
) -> Result<(StatusCode, Json<RebuildAnswer>), Failure> {
    let answer = app.rebuild_schedule(&actor, act).await?;
    Ok((StatusCode::ACCEPTED, Json(answer)))
}
