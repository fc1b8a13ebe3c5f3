//! `/api/status`, `/api/live`

use axum::{Json, extract::State, response::Response};
use common::operator::Status;

use crate::{app::App, failure::Failure};

/// Is it well? The whole platform at one instant, and what needs a person.
#[utoipa::path(
    get,
    path = "/api/status",
    operation_id = "getStatus",
    responses((status = 200, description = "As it was within the last half second.", body = Status))
)]
pub(super) async fn show(State(app): State<App>) -> Json<Status> {
    Json(Status::clone(&*app.status().await))
}

/// The status as it changes, by Server-Sent Events of the name `status`: at most twice a second, at least every ten.
#[utoipa::path(
    get,
    path = "/api/live",
    operation_id = "streamStatus",
    responses((status = 200, description = "Goes on until one side ends it.", body = Status, content_type = "text/event-stream"))
)]
pub(super) async fn live(State(app): State<App>) -> Result<Response, Failure> {
    app.look_on().await
}
