//! `/internal`: what operators ask, through `console` alone.

use axum::{Json, Router, extract::State};
use common::{api::ErrorBody, event::Id, internal::SeatHistory};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiError, PathId, QueryString};

use super::Api;

/// What `console` is answered.
pub(super) fn router(api: Api) -> Router {
    let routes = OpenApiRouter::new().routes(routes!(order)).merge(outbox::internal_routes());
    let token = api.internal_token.clone();
    web::into_internal_router("Tickets, for console", routes, api, token)
}

/// Which seat is asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SeatQuery {
    /// The ticket of the order. Without it nobody holds it.
    #[param(value_type = Option<Id>, required = false)]
    ticket: Option<String>,
}

/// What is known of an order's seat; of an order that is not known, nothing.
#[utoipa::path(
    get,
    path = "/internal/orders/{id}",
    params(("id" = Id, Path, description = "The order."), SeatQuery),
    responses(
        (status = 200, description = "When its cancellation came, and who holds the seat.", body = SeatHistory),
        (status = 400, description = "The ticket has no id.", body = ErrorBody),
        (status = 404, description = "The path has no id.", body = ErrorBody),
    ),
    security(("token" = []))
)]
async fn order(
    State(api): State<Api>,
    PathId(order): PathId,
    QueryString(SeatQuery { ticket }): QueryString<SeatQuery>,
) -> Result<Json<SeatHistory>, ApiError> {
    let ticket: Option<Id> = ticket
        .map(|text| text.parse())
        .transpose()
        .map_err(|_| ApiError::bad_field("ticket", "Ticket must be the id of a ticket"))?;
    Ok(Json(api.store.seat_of(&order, ticket.as_ref()).await?))
}
