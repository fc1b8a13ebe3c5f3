//! What a payment is refused with.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;
use web::ApiError;

use crate::store::OrderRefusal;

/// A payment that is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// As everything else is.
    Api(ApiError),
    /// 402: the card was declined, in the provider's own words.
    Declined(String),
}

impl<E: Into<ApiError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Api(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Api(error) => error.into_response(),
            Self::Declined(message) => {
                let body = json!({ "errors": [{ "message": message }] });
                (StatusCode::PAYMENT_REQUIRED, Json(body)).into_response()
            }
        }
    }
}

/// What the buyer is told of an order that is not paid.
pub(super) fn of_order(refusal: OrderRefusal) -> ApiError {
    match refusal {
        OrderRefusal::UnknownOrder => ApiError::NotFound,
        OrderRefusal::NotTheBuyers => ApiError::NotAuthorized,
        OrderRefusal::Cancelled => ApiError::bad_request("Order is cancelled and can not be paid"),
        OrderRefusal::Expired => ApiError::bad_request("The time to pay this order is over"),
        OrderRefusal::Paid => ApiError::bad_request("Order is already paid"),
        OrderRefusal::TooManyCards => ApiError::LimitReached("Too many cards were refused for this order"),
        OrderRefusal::Price(error) => ApiError::bad_request(error.message()),
    }
}
