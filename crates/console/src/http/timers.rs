//! `/api/timers`

use axum::{Extension, Json, extract::State};
use common::{
    api::ErrorBody,
    event::{Id, Timestamp},
    internal::{Forecast, TimerPage},
    operator::{Act, ActAnswer, MoveAct},
};

use super::{
    body::Body,
    query::{Parameters, PathId},
};
use crate::{access::Actor, app::App, failure::Failure};

/// Timers of a page for whoever asks for no number.
const DEFAULT: usize = 100;

/// Timers by due time, in pages.
#[utoipa::path(
    get,
    path = "/api/timers",
    operation_id = "listTimers",
    params(
        ("from" = Option<Timestamp>, Query, description = "Due at this instant or later."),
        ("to" = Option<Timestamp>, Query, description = "Due before this instant."),
        ("after" = Option<String>, Query, description = "The cursor `next` of the page before."),
        ("limit" = Option<u32>, Query, description = "At most so many, 1 to 1,000. Without it 100."),
    ),
    responses(
        (status = 200, description = "A page.", body = TimerPage),
        (status = 400, description = "A parameter is not valid.", body = ErrorBody),
    )
)]
pub(super) async fn list(State(app): State<App>, query: Parameters) -> Result<Json<TimerPage>, Failure> {
    let (from, to) = (query.read("from")?, query.read("to")?);
    let (after, limit) = (query.text("after"), query.limit(DEFAULT)?);
    app.timers(from, to, after.as_deref(), limit).await.map(Json)
}

/// How many timers fall due in each of the next minutes and hours.
#[utoipa::path(
    get,
    path = "/api/timers/forecast",
    operation_id = "forecastTimers",
    responses((status = 200, description = "As it is now.", body = Forecast))
)]
pub(super) async fn forecast(State(app): State<App>) -> Result<Json<Forecast>, Failure> {
    app.forecast().await.map(Json)
}

/// Fires a timer now. An order of ours is cancelled at once, by `orders`.
#[utoipa::path(
    post,
    path = "/api/timers/{id}/fire",
    operation_id = "fireTimer",
    params(("id" = Id, Path, description = "The order.")),
    request_body = Act,
    responses(
        (status = 200, description = "What was done, by whose decision, and why by theirs.", body = ActAnswer),
        (status = 404, description = "There is no such order and no such timer.", body = ErrorBody),
        (status = 409, description = "Too late: paid, or in a worker's hands.", body = ErrorBody),
    )
)]
pub(super) async fn fire(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathId(id): PathId,
    Body(act): Body<Act>,
) -> Result<Json<ActAnswer>, Failure> {
    app.fire_timer(&actor, &id, act).await.map(Json)
}

/// Moves a timer. An order of ours has more time, by `orders`: never less, and within its limit.
#[utoipa::path(
    post,
    path = "/api/timers/{id}/move",
    operation_id = "moveTimer",
    params(("id" = Id, Path, description = "The order.")),
    request_body = MoveAct,
    responses(
        (status = 200, description = "What was done, by whose decision, and why by theirs.", body = ActAnswer),
        (status = 400, description = "To there it can't be moved; the field is named.", body = ErrorBody),
        (status = 404, description = "There is no such order and no such timer.", body = ErrorBody),
        (status = 409, description = "Too late: not unpaid any more, or in a worker's hands.", body = ErrorBody),
    )
)]
pub(super) async fn move_one(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathId(id): PathId,
    Body(act): Body<MoveAct>,
) -> Result<Json<ActAnswer>, Failure> {
    app.move_timer(&actor, &id, act).await.map(Json)
}

/// Cancels a timer. An order of ours is cancelled at once, by `orders`; of another one the timer is taken away.
#[utoipa::path(
    post,
    path = "/api/timers/{id}/cancel",
    operation_id = "cancelTimer",
    params(("id" = Id, Path, description = "The order.")),
    request_body = Act,
    responses(
        (status = 200, description = "What was done, by whose decision, and why by theirs.", body = ActAnswer),
        (status = 404, description = "There is no such order and no such timer.", body = ErrorBody),
        (status = 409, description = "Too late: paid, or in a worker's hands.", body = ErrorBody),
    )
)]
pub(super) async fn cancel(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathId(id): PathId,
    Body(act): Body<Act>,
) -> Result<Json<ActAnswer>, Failure> {
    app.cancel_timer(&actor, &id, act).await.map(Json)
}
