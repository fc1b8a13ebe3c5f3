//! Acting on an order: more time, or its end.

use std::time::Duration;

use axum::{Json, extract::State};
use common::{
    api::ErrorBody,
    event::{Id, Timestamp},
    internal::{CancelAnswer, ExtendAnswer, ExtendOrder},
};
use web::{ApiError, Body, PathId};

use crate::{
    http::Api,
    order::{Cancellation, Extension, MoreTime},
    store::{CancelError, Extended},
};

const COMPLETE: ApiError = ApiError::Conflict("The order is complete: it is paid, and stays so");
const CANCELLED: ApiError = ApiError::Conflict("The order is cancelled, and stays so");

/// Gives an unpaid order more time, also one whose time is over and that is not cancelled yet.
#[utoipa::path(
    post,
    path = "/internal/orders/{id}/extend",
    params(("id" = Id, Path, description = "The order.")),
    request_body = ExtendOrder,
    responses(
        (status = 200, description = "It has at least that long.", body = ExtendAnswer),
        (status = 400, description = "Earlier than it has, in the past, or beyond the limit.", body = ErrorBody),
        (status = 404, description = "There is no such order.", body = ErrorBody),
        (status = 409, description = "It is complete or cancelled.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn extend(
    State(api): State<Api>,
    PathId(order): PathId,
    body: Body,
) -> Result<Json<ExtendAnswer>, ApiError> {
    let (wish, field) = wish(&body)?;
    let extended = api.store.extend(&order, wish, api.extension_limit).await?;
    let Extended { from, extension } = extended.ok_or(ApiError::NotFound)?;
    let wrong = |message| Err(ApiError::bad_field(field, message));
    match extension {
        Extension::Extends(to) => Ok(Json(ExtendAnswer { id: order, from, to })),
        Extension::Repeated => Ok(Json(ExtendAnswer { id: order, from, to: from })),
        Extension::OrderIsComplete => Err(COMPLETE),
        Extension::OrderIsCancelled => Err(CANCELLED),
        Extension::Earlier => {
            wrong("The order has more time than that already, and time is never taken away")
        }
        Extension::InThePast => wrong("That instant has passed: the order would expire at once"),
        Extension::BeyondLimit => wrong("That is beyond ORDER_EXTENSION_LIMIT after the order was placed"),
    }
}

/// What is wished, and in which field it stands.
fn wish(body: &Body) -> Result<(MoreTime, &'static str), ApiError> {
    let is_given = |name| body.raw(name).is_some_and(|raw| raw.trim() != "null");
    match (is_given("to"), is_given("byMs")) {
        (true, false) => {
            let to = body.field::<Timestamp>("to").ok_or_else(|| ApiError::no_instant("to"))?;
            Ok((MoreTime::To(to), "to"))
        }
        (false, true) => {
            let by_ms = body.field("byMs").filter(|by_ms| *by_ms > 0);
            let by_ms: u64 = by_ms.ok_or_else(|| {
                ApiError::bad_field("byMs", "Expected a number of milliseconds, more than 0")
            })?;
            Ok((MoreTime::By(Duration::from_millis(by_ms)), "byMs"))
        }
        (_, true) => Err(ApiError::bad_field("byMs", "Expected either to or byMs, not both")),
        (false, false) => Err(ApiError::bad_field("to", "Expected either to or byMs")),
    }
}

/// Cancels an unpaid order at once, however much time it has.
#[utoipa::path(
    post,
    path = "/internal/orders/{id}/cancel",
    params(("id" = Id, Path, description = "The order.")),
    responses(
        (status = 200, description = "It is cancelled, now or before.", body = CancelAnswer),
        (status = 404, description = "There is no such order.", body = ErrorBody),
        (status = 409, description = "It is complete.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn cancel(
    State(api): State<Api>,
    PathId(order): PathId,
) -> Result<Json<CancelAnswer>, ApiError> {
    match api.store.cancel_for_operator(&order).await {
        Ok(Cancellation::Cancels) => Ok(Json(CancelAnswer { id: order, already: false })),
        Ok(Cancellation::Repeated) => Ok(Json(CancelAnswer { id: order, already: true })),
        Ok(Cancellation::OrderIsComplete) => Err(COMPLETE),
        // An operator may cancel anybody's.
        Err(CancelError::UnknownOrder | CancelError::NotTheBuyers) => Err(ApiError::NotFound),
        Err(CancelError::Database(error)) => Err(error.into()),
    }
}
