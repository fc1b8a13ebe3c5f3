//! `/api/orders/{id}`

use axum::{Json, extract::State};
use common::{api::ErrorBody, event::Id, operator::OrderReport};

use super::query::PathId;
use crate::{app::App, failure::Failure};

/// Everything about one order: what became of it and why, its way through the services, its dead letters, what was done to it.
#[utoipa::path(
    get,
    path = "/api/orders/{id}",
    operation_id = "getOrder",
    params(("id" = Id, Path, description = "The order.")),
    responses(
        (status = 200, description = "What is known; services that do not answer are named in it.", body = OrderReport),
        (status = 404, description = "Nobody knows it.", body = ErrorBody),
    )
)]
pub(super) async fn show(State(app): State<App>, PathId(id): PathId) -> Result<Json<OrderReport>, Failure> {
    app.order(&id).await.map(Json)
}
