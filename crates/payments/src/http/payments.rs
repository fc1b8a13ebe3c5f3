//! `/api/payments`

use axum::{Json, extract::State, http::StatusCode};
use common::{
    api::{BegunPaymentBody, ErrorBody, NewPaymentBody, PaymentBody},
    event::Id,
};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::IntoParams;
use web::{ApiError, Body, QueryString, Trace, User, failed};

use super::{
    Api,
    pay::{Paying, Till},
    refusal::{Refusal, of_order},
};
use crate::{
    payment::{Payment, Status},
    store::Wish,
};

/// Tokens of the provider have some thirty characters.
const LONGEST_TOKEN: usize = 255;

/// Whose payments are asked for, in the query string.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OrderQuery {
    /// The order.
    #[serde(rename = "orderId")]
    #[param(value_type = Id, required = true)]
    order_id: Option<String>,
}

/// A payment as the API shows it.
fn body_of(payment: Payment) -> Result<PaymentBody, ApiError> {
    let amount = payment.currency.price(payment.amount);
    let amount = amount.ok_or_else(|| failed(&"an amount in the database is no price"))?;
    let url = payment.url.filter(|_| payment.status == Status::Open);
    Ok(PaymentBody {
        id: payment.id,
        order_id: payment.order_id,
        status: payment.status,
        amount,
        currency: payment.currency.to_string(),
        url,
        reason: payment.reason,
    })
}

/// Pays an order: with a card's token, or on the provider's page. The money is held at once, and taken when the order is complete.
/// A request that comes twice pays once.
#[utoipa::path(
    post,
    path = "/api/payments",
    request_body = NewPaymentBody,
    responses(
        (status = 201, description = "The money is held; or, with a url, the buyer has to pay there.", body = BegunPaymentBody),
        (status = 400, description = "The body is not valid, or the order can't be paid, with the reason.", body = ErrorBody),
        (status = 401, description = "Nobody is signed in, or it is someone else's.", body = ErrorBody),
        (status = 402, description = "The card was declined, with the reason. The order can still be paid.", body = ErrorBody),
        (status = 404, description = "There is no such order.", body = ErrorBody),
        (status = 429, description = "Too many cards were refused for this order.", body = ErrorBody),
    ),
    security(("session" = []))
)]
pub(super) async fn create(
    user: User,
    State(api): State<Api>,
    Trace(traceparent): Trace,
    body: Body,
) -> Result<(StatusCode, Json<BegunPaymentBody>), Refusal> {
    let order_id = body.field("orderId");
    let order_id = order_id.ok_or_else(|| ApiError::bad_field("orderId", "OrderId must be provided"))?;
    let wish = Wish {
        payment_id: Id::generate(),
        order_id,
        user_id: user.id,
        token: token(&body)?,
        currency: api.currency,
        traceparent,
    };
    let Paying { payment, url } = Till::new(&api, wish).pay().await?;
    Ok((Paying::STATUS, Json(BegunPaymentBody { id: payment.id, url })))
}

/// `null` is none.
fn token(body: &Body) -> Result<Option<SecretString>, ApiError> {
    if body.raw("token").is_none_or(|raw| raw.trim() == "null") {
        return Ok(None);
    }
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let token = body
        .field::<String>("token")
        .filter(|token| (1..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(legal))
        // The number of a card is no token, and must not get into the database.
        .filter(|token| !token.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'));
    let token = token.ok_or_else(|| ApiError::bad_field("token", "Token is not valid"))?;
    Ok(Some(token.into()))
}

/// What became of the money of an order, for its buyer: its payments, the oldest first.
#[utoipa::path(
    get,
    path = "/api/payments",
    params(OrderQuery),
    responses(
        (status = 200, description = "The payments.", body = [PaymentBody]),
        (status = 400, description = "The query names no order.", body = ErrorBody),
        (status = 401, description = "Nobody is signed in, or it is someone else's.", body = ErrorBody),
        (status = 404, description = "There is no such order.", body = ErrorBody),
    ),
    security(("session" = []))
)]
pub(super) async fn list(
    user: User,
    State(api): State<Api>,
    QueryString(OrderQuery { order_id }): QueryString<OrderQuery>,
) -> Result<Json<Vec<PaymentBody>>, ApiError> {
    let order: Id = order_id
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| ApiError::bad_field("orderId", "OrderId must be provided"))?;
    let payments = api.store.payments_of(&order, &user.id).await?.map_err(of_order)?;
    if payments.iter().any(|payment| payment.status == Status::Open) {
        api.store.look_up_soon(&order).await?;
    }
    payments.into_iter().map(body_of).collect::<Result<_, _>>().map(Json)
}
