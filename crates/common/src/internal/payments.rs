//! `GET /internal/orders/{id}` of `payments`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::{Id, Price, Timestamp};

/// What `payments` knows of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderMoney {
    /// When it expires, as far as payments was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Its payments, the oldest first.
    pub payments: Vec<PaymentHistory>,
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentHistory {
    /// The payment.
    pub id: Id,
    /// `token` or `page`.
    pub kind: String,
    /// As the payments API has it: `pending`, `open`, `authorised`, `captured` ...
    pub status: String,
    /// `capture`, `release` or `close`, which is still to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// What is paid.
    pub amount: Price,
    /// ISO code in lower case.
    pub currency: String,
    /// The payment at Stripe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stripe_id: Option<String>,
    /// Why it did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was begun, by Postgres' clock.
    pub created_at: Timestamp,
    /// Its last change.
    pub updated_at: Timestamp,
    /// The trace of the request that began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}
