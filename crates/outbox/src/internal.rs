//! What each service with an outbox answers `console` about it, under `/internal`.

use axum::{
    Json,
    extract::{FromRef, State},
};
use common::{
    api::ErrorBody,
    event::Timestamp,
    internal::{OutboxState, Retell, RetellAnswer, RetellCount},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiError, Body, QueryString, SinceQuery};

use crate::Outbox;

/// The routes, for [`web::into_internal_router`].
pub fn internal_routes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Outbox: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(outbox)).routes(routes!(count, retell))
}

/// What is committed and not yet told.
#[utoipa::path(
    get,
    path = "/internal/outbox",
    responses((status = 200, description = "How much it is.", body = OutboxState)),
    security(("token" = []))
)]
async fn outbox(State(outbox): State<Outbox>) -> Result<Json<OutboxState>, ApiError> {
    Ok(Json(outbox.state().await?))
}

/// How many events would be told again.
#[utoipa::path(
    get,
    path = "/internal/retell",
    params(SinceQuery),
    responses(
        (status = 200, description = "How many it is.", body = RetellCount),
        (status = 400, description = "That is no instant.", body = ErrorBody),
    ),
    security(("token" = []))
)]
async fn count(
    State(outbox): State<Outbox>,
    QueryString(query): QueryString<SinceQuery>,
) -> Result<Json<RetellCount>, ApiError> {
    let since = query.instant()?;
    Ok(Json(RetellCount { events: outbox.count_retell(since.into()).await? }))
}

/// Tells everything again that changed since. Whoever knows it already does nothing.
#[utoipa::path(
    post,
    path = "/internal/retell",
    request_body = Retell,
    responses(
        (status = 200, description = "How many events are on their way.", body = RetellAnswer),
        (status = 400, description = "That is no instant.", body = ErrorBody),
    ),
    security(("token" = []))
)]
async fn retell(State(outbox): State<Outbox>, body: Body) -> Result<Json<RetellAnswer>, ApiError> {
    let since: Timestamp = body.field("since").ok_or_else(|| ApiError::no_instant("since"))?;
    Ok(Json(RetellAnswer { events: outbox.retell(since.into()).await? }))
}
