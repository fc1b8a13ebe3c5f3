//! `/internal`: what operators ask, through `console` alone.

use axum::{Json, Router, extract::State};
use common::{api::ErrorBody, event::Id, internal::OrderMoney};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiError, PathId};

use super::Api;

/// What `console` is answered.
pub(super) fn router(api: Api) -> Router {
    let routes = OpenApiRouter::new().routes(routes!(order)).merge(outbox::internal_routes());
    let token = api.internal_token.clone();
    web::into_internal_router("Payments, for console", routes, api, token)
}

/// What is known of an order's money; of an order that is not known, nothing.
#[utoipa::path(
    get,
    path = "/internal/orders/{id}",
    params(("id" = Id, Path, description = "The order.")),
    responses(
        (status = 200, description = "When it expires, and its payments, the oldest first.", body = OrderMoney),
        (status = 404, description = "The path has no id.", body = ErrorBody),
    ),
    security(("token" = []))
)]
async fn order(State(api): State<Api>, PathId(order): PathId) -> Result<Json<OrderMoney>, ApiError> {
    Ok(Json(api.store.money_of(&order).await?))
}
