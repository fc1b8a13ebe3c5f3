//! Money that could not be taken, and that a person has seen to it.

use axum::{Json, extract::State};
use common::{
    api::ErrorBody,
    event::Id,
    internal::{OwedPayment, OwedPayments, SettleOrderPayment},
};
use web::{ApiError, Body, Page, PageQuery, PathId};

use crate::{http::Api, store::Closed};

/// Characters of a note.
const LONGEST_NOTE: usize = 1_000;

/// Rejected payments that are not settled, the longest open first.
#[utoipa::path(
    get,
    path = "/internal/payments/owed",
    params(PageQuery),
    responses(
        (status = 200, description = "The first 500, or one page, and how many there are.", body = OwedPayments),
        (status = 400, description = "The page makes no sense.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn owed(State(api): State<Api>, page: Page) -> Result<Json<OwedPayments>, ApiError> {
    let owed = api.store.owed(page.after.as_ref(), page.limit()).await?;
    owed.map(Json).ok_or_else(Page::unknown_cursor)
}

/// A person has seen to a rejected payment: it is settled, with a note. The same note again changes nothing.
#[utoipa::path(
    post,
    path = "/internal/payments/{id}/settle",
    params(("id" = Id, Path, description = "The payment.")),
    request_body = SettleOrderPayment,
    responses(
        (status = 200, description = "The payment as it is now.", body = OwedPayment),
        (status = 400, description = "The note is missing or too long.", body = ErrorBody),
        (status = 404, description = "No such payment was ever rejected.", body = ErrorBody),
        (status = 409, description = "It was settled before.", body = ErrorBody),
    ),
    security(("token" = []))
)]
pub(super) async fn settle(
    State(api): State<Api>,
    PathId(payment): PathId,
    body: Body,
) -> Result<Json<OwedPayment>, ApiError> {
    // Postgres can't store U+0000.
    let fits =
        |note: &String| (1..=LONGEST_NOTE).contains(&note.trim().chars().count()) && !note.contains('\0');
    let note = body.field::<String>("note").filter(fits);
    let note = note.ok_or_else(|| ApiError::bad_field("note", "Expected a note of 1 to 1,000 characters"))?;
    match api.store.close_owed(&payment, note.trim()).await? {
        Closed::Now(payment) => Ok(Json(payment)),
        Closed::Before => Err(ApiError::Conflict("The payment was settled before: nothing is owed any more")),
        Closed::Unknown => Err(ApiError::NotFound),
    }
}
