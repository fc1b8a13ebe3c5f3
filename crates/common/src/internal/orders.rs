//! `/internal/orders`, `/internal/payments` and `/internal/sweeper` of `orders`, and `/internal/orders/{id}` of `tickets`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::{Id, OrderStatus, Price, SettledOutcome, Timestamp};

/// An order with every instant that `orders` knows of, by Postgres' clock unless said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderHistory {
    /// The order.
    pub id: Id,
    /// Its version.
    pub version: u32,
    /// How far it has come.
    pub status: OrderStatus,
    /// The buyer.
    pub user_id: Id,
    /// What was ordered.
    pub ticket_id: Id,
    /// As it was when it was ordered.
    pub title: String,
    /// As it was when it was ordered.
    pub price: Price,
    /// When the request came in, by the clock of the process that took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Timestamp>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it is, or was, cancelled if unpaid.
    pub expires_at: Timestamp,
    /// What time it is: `expires_at` is to be held against this.
    pub now: Timestamp,
    /// When it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    /// `expired`, `buyer` or `operator`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<String>,
    /// When it was completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// The payment that completed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<Id>,
    /// What became of that payment's money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_outcome: Option<SettledOutcome>,
    /// The expiration that cancelled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired: Option<FiredBy>,
    /// The trace of the request that placed it, 32 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Payments that could not be taken, the oldest first.
    #[serde(default)]
    pub rejected: Vec<RejectedPayment>,
}

/// An `expiration:complete` as `orders` received it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FiredBy {
    /// When the broker stored it, by the broker's clock.
    pub at: Timestamp,
    /// When the timer was claimed, by the worker's clock. Not told by workers of older releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_at: Option<Timestamp>,
    /// Which worker fired it. Not told by workers of older releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// A payment that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RejectedPayment {
    /// The payment.
    pub payment_id: Id,
    /// The payment at Stripe.
    pub stripe_id: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub rejected_at: Timestamp,
    /// What became of its money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<SettledOutcome>,
    /// Since when nothing is owed any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Timestamp>,
    /// What a person did about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Body of `POST /internal/orders/known`, at most 1,000, and its answer: those of them that are orders of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderIds {
    /// The orders.
    pub ids: Vec<Id>,
}

/// Body of `POST /internal/orders/{id}/extend`: exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtendOrder {
    /// The instant at which it is to expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// How much longer than now it has, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_ms: Option<u64>,
}

/// The order has at least this long. 404: no such order. 400 with the field: earlier than it has, in the past or beyond the
/// limit. 409: it is not unpaid any more; its message says what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtendAnswer {
    /// The order.
    pub id: Id,
    /// When it was to expire.
    pub from: Timestamp,
    /// When it expires now.
    pub to: Timestamp,
}

/// Answer of `POST /internal/orders/{id}/cancel`. 404: no such order. 409: it is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancelAnswer {
    /// The order.
    pub id: Id,
    /// It was cancelled before, so nothing has changed.
    pub already: bool,
}

/// Money that could not be taken and is not known to be back: answer of `GET /internal/payments/owed?after=&limit=`, the
/// longest open first, behind the payment `after`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwedPayments {
    /// How many there are in all.
    pub total: u64,
    /// A page of them.
    pub owed: Vec<OwedPayment>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwedPayment {
    /// The order that it was meant for, which may not exist.
    pub order_id: Id,
    /// The payment.
    #[serde(flatten)]
    pub payment: RejectedPayment,
}

/// Body of `POST /internal/payments/{id}/settle`: a person has seen to a rejected payment. 404: not owed. 409: settled before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettleOrderPayment {
    /// What was done, 1 to 1,000 characters.
    pub note: String,
}

/// Body and answer of `GET|PUT /internal/sweeper`: until when the second timer leaves overdue orders to the first one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SweeperHold {
    /// Left out: it sweeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Timestamp>,
}

/// What `tickets` knows of an order: answer of its `GET /internal/orders/{id}?ticket=`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeatHistory {
    /// When its cancellation came, which freed the seat if the order held it, by Postgres' clock. Forgotten after some days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    /// Who holds the ticket now. Left out: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<Id>,
}
