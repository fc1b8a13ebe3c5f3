//! What `payments` tells the others. The service is not ours, only its event is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Event, Id, Subject};

/// A buyer has paid for an order.
///
/// Subject `payment:created`, published by `payments`, listened to by `orders`. Idempotent by `id`: the same payment
/// again is a repetition, another one for the same order is money to give back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentCreated {
    /// The payment.
    pub id: Id,
    /// The order that was paid.
    pub order_id: Id,
    /// The charge at Stripe, in Stripe's own form: what a refund needs.
    pub stripe_id: String,
}

impl Event for PaymentCreated {
    const SUBJECT: Subject = Subject::PaymentCreated;
}
