//! `/api/payments`

use axum::{Extension, Json, extract::State};
use common::{
    api::ErrorBody,
    event::Id,
    internal::OwedPayments,
    operator::{ActAnswer, SettleAct},
};

use super::{
    body::Body,
    query::{Parameters, PathId},
};
use crate::{access::Actor, app::App, failure::Failure};

/// Payments of a page for whoever asks for no number.
const DEFAULT: usize = 100;

/// Money that could not be taken and is not known to be back, the longest open first.
#[utoipa::path(
    get,
    path = "/api/payments/owed",
    operation_id = "listOwed",
    params(
        ("after" = Option<Id>, Query, description = "Behind this payment, the last one of the page before."),
        ("limit" = Option<u32>, Query, description = "At most so many, 1 to 100. Without it 100."),
    ),
    responses(
        (status = 200, description = "A page, and how many there are in all.", body = OwedPayments),
        (status = 400, description = "A parameter is not valid.", body = ErrorBody),
    )
)]
pub(super) async fn owed(State(app): State<App>, query: Parameters) -> Result<Json<OwedPayments>, Failure> {
    let after: Option<Id> = query.read("after")?;
    app.owed(after.as_ref(), query.limit(DEFAULT)?).await.map(Json)
}

/// A person has seen to a rejected payment: nothing is owed for it any more.
#[utoipa::path(
    post,
    path = "/api/payments/{id}/settle",
    operation_id = "settlePayment",
    params(("id" = Id, Path, description = "The payment.")),
    request_body = SettleAct,
    responses(
        (status = 200, description = "It is settled.", body = ActAnswer),
        (status = 400, description = "There is no note.", body = ErrorBody),
        (status = 404, description = "There is no such payment among those that are owed.", body = ErrorBody),
        (status = 409, description = "It was settled before.", body = ErrorBody),
    )
)]
pub(super) async fn settle(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathId(payment): PathId,
    Body(act): Body<SettleAct>,
) -> Result<Json<ActAnswer>, Failure> {
    app.settle_payment(&actor, &payment, act).await.map(Json)
}
