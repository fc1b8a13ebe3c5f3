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
}

/// What was ordered, as it stands now. What the buyer has to pay is the price that `order:created` tells, when it was placed.
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
