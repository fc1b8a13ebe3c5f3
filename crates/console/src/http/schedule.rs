//! `/api/pause`, `/api/resume`

use axum::{Extension, Json, extract::State};
use common::{
    api::ErrorBody,
    internal::ScheduleState,
    operator::{PauseAct, ResumeAct},
};

use super::body::Body;
use crate::{access::Actor, app::App, failure::Failure};

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
