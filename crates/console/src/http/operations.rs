//! `/api/operations`

use axum::{Extension, Json, extract::State, http::StatusCode};
use common::{
    api::ErrorBody,
    operator::{Confirm, Operation, OperationPlan, Operations},
};

use super::{body::Body, query::PathText};
use crate::{access::Actor, app::App, failure::Failure};

/// Acts on many, the newest first.
#[utoipa::path(
    get,
    path = "/api/operations",
    operation_id = "listOperations",
    responses((status = 200, description = "Those of the last hours.", body = Operations))
)]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Operations>, Failure> {
    app.operations().await.map(Json)
}

/// Counts and freezes what an act on many is about. Nothing is done before it is confirmed.
#[utoipa::path(
    post,
    path = "/api/operations",
    operation_id = "planOperation",
    request_body = OperationPlan,
    responses(
        (status = 201, description = "The plan, with its count and samples.", body = Operation),
        (status = 400, description = "The plan is not valid, with the field; or nothing matches, or too much.", body = ErrorBody),
        (status = 409, description = "Other operations hold too much.", body = ErrorBody),
    )
)]
pub(super) async fn plan(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Body(plan): Body<OperationPlan>,
) -> Result<(StatusCode, Json<Operation>), Failure> {
    let planned = app.plan_operation(&actor, plan).await?;
    Ok((StatusCode::CREATED, Json(planned)))
}

/// One act on many, and how far it has come.
#[utoipa::path(
    get,
    path = "/api/operations/{id}",
    operation_id = "getOperation",
    params(("id" = String, Path, description = "The operation.")),
    responses(
        (status = 200, description = "As it is now.", body = Operation),
        (status = 404, description = "There is no such operation.", body = ErrorBody),
    )
)]
pub(super) async fn show(State(app): State<App>, PathText(id): PathText) -> Result<Json<Operation>, Failure> {
    app.operation(&id).await.map(Json)
}

/// Begins what was planned, on the set as it was then.
#[utoipa::path(
    post,
    path = "/api/operations/{id}/confirm",
    operation_id = "confirmOperation",
    params(("id" = String, Path, description = "The operation.")),
    request_body = Confirm,
    responses(
        (status = 200, description = "It has begun.", body = Operation),
        (status = 404, description = "There is no such operation.", body = ErrorBody),
        (status = 409, description = "The count is another one, or it is not planned any more. Nothing is done.", body = ErrorBody),
    )
)]
pub(super) async fn confirm(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathText(id): PathText,
    Body(confirm): Body<Confirm>,
) -> Result<Json<Operation>, Failure> {
    app.confirm_operation(&actor, &id, confirm).await.map(Json)
}

/// Stops an act on many. What was done stays.
#[utoipa::path(
    post,
    path = "/api/operations/{id}/abort",
    operation_id = "abortOperation",
    params(("id" = String, Path, description = "The operation.")),
    responses(
        (status = 200, description = "It is stopped.", body = Operation),
        (status = 404, description = "There is no such operation.", body = ErrorBody),
        (status = 409, description = "It is over.", body = ErrorBody),
    )
)]
pub(super) async fn abort(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathText(id): PathText,
) -> Result<Json<Operation>, Failure> {
    app.abort_operation(&actor, &id).await.map(Json)
}
