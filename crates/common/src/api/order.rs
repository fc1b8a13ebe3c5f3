//! `/api/orders`

use serde::Serialize;
use utoipa::ToSchema;

use crate::event::{Id, OrderStatus, Price, Timestamp};

/// An order as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
#[serde(rename_all = "camelCase")]
pub struct OrderBody {
    /// The order.
    pub id: Id,
    /// How far it has come.
    pub status: OrderStatus,
    /// The buyer.
    pub user_id: Id,
    /// When it is cancelled, if it is not paid by then.
    pub expires_at: Timestamp,
    /// 0, or 1 once it is complete or cancelled.
    #[schema(format = "uint32", minimum = 0)]
    pub version: u32,
    /// What was ordered.
    pub ticket: OrderTicketBody,
    /// What became of the buyer's money, once there was any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<OrderPaymentBody>,
}

/// The money for an order: of the payment that completed it, else of the last one that could not be taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderPayment)]
pub struct OrderPaymentBody {
    /// `accepted`: it completed the order; `rejected`: it could not be taken and goes back; and then where it is in the
    /// end: `captured`, `released` (it never left the buyer), `refunded`, or `failed` (somebody has to look).
    pub status: &'static str,
}

/// What was ordered, with title and price as they were when the order was placed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderTicket)]
pub struct OrderTicketBody {
    /// The ticket.
    pub id: Id,
    /// What the seat is for.
    pub title: String,
    /// What it costs.
    pub price: Price,
    /// Its version.
    #[schema(format = "uint32", minimum = 0)]
    pub version: u32,
}

/// What is ordered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewOrder)]
#[serde(rename_all = "camelCase")]
pub struct NewOrderBody {
    /// The ticket.
    pub ticket_id: Id,
}
