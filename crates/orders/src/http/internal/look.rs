//! Looking: an order, and which orders are ours.

use axum::{Json, extract::State};
use common::{
    api::ErrorBody,
    event::Id,
    internal::{OrderHistory, OrderIds},
};
use web::{ApiError, Body, PathId};

use crate::http::Api;

/// Ids that one request may ask about.
const MOST_IDS: usize = 1_000;

/// An order with everything that is known of it, whosever it is.
#[utoipa::path(
    get,
    path = "/internal/orders/{id}",
    params(("id" = Id, Path, description = "The order.")),
    responses(
        (status = 200, description = "The order.", body = OrderHistory),
        (status = 404, description = "There is no such order.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn order(
    State(api): State<Api>,
    PathId(order): PathId,
) -> Result<Json<OrderHistory>, ApiError> {
    api.store.history(&order).await?.map(Json).ok_or(ApiError::NotFound)
}

/// Which of these are orders of this service. Of the others it knows nothing, so their timers are other services'.
#[utoipa::path(
    post,
    path = "/internal/orders/known",
    request_body = OrderIds,
    responses(
        (status = 200, description = "Those of them that are.", body = OrderIds),
        (status = 400, description = "The body is not valid, or has more than 1,000 ids.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn known(State(api): State<Api>, body: Body) -> Result<Json<OrderIds>, ApiError> {
    let ids: Vec<Id> =
        body.field("ids").ok_or_else(|| ApiError::bad_field("ids", "The ids of orders must be provided"))?;
    if ids.len() > MOST_IDS {
        return Err(ApiError::bad_field("ids", "There may be at most 1,000 ids"));
    }
    Ok(Json(OrderIds { ids: api.store.known(&ids).await? }))
}
