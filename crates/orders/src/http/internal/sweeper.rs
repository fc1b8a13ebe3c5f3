//! Holding the second timer while the first one is paused.

use axum::{Json, extract::State};
use chrono::{DateTime, TimeDelta, Utc};
use common::{api::ErrorBody, event::Timestamp, internal::SweeperHold};
use web::{ApiError, Body};

use crate::http::Api;

/// Orders that should be over are not kept for longer, whoever forgets that he holds it.
const LONGEST_HOLD: TimeDelta = TimeDelta::days(8);

/// Until when overdue orders are left to the first timer.
#[utoipa::path(
    get,
    path = "/internal/sweeper",
    responses((status = 200, description = "Until when.", body = SweeperHold)),
    security(("token" = []))
)]
pub(super) async fn hold(State(api): State<Api>) -> Result<Json<SweeperHold>, ApiError> {
    let held_until = api.store.sweeper_hold().await?.map(Timestamp::from);
    Ok(Json(SweeperHold { held_until }))
}

/// Holds the sweepers of all processes until then. `heldUntil` left out, or in the past: they sweep again.
#[utoipa::path(
    put,
    path = "/internal/sweeper",
    request_body = SweeperHold,
    responses(
        (status = 200, description = "Until when they are held now.", body = SweeperHold),
        (status = 400, description = "The body is not valid, or more than 8 days off.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn set_hold(State(api): State<Api>, body: Body) -> Result<Json<SweeperHold>, ApiError> {
    // Nothing else may release it by mistake.
    if !body.is_object() {
        return Err(ApiError::bad_request("Expected an object with heldUntil, or without it"));
    }
    let until = match body.raw("heldUntil").map(str::trim) {
        None | Some("null") => None,
        Some(_) => {
            let until = body.field::<Timestamp>("heldUntil");
            Some(DateTime::<Utc>::from(until.ok_or_else(|| ApiError::no_instant("heldUntil"))?))
        }
    };
    if until.is_some_and(|until| until > common::clock::now() + LONGEST_HOLD) {
        return Err(ApiError::bad_field("heldUntil", "The sweeper is held for at most 8 days"));
    }
    api.store.hold_sweeper(until).await?;
    hold(State(api)).await
}
