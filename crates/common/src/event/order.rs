//! What `orders` tells the others.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Event, Id, Price, Subject, Timestamp};

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OrderStatus {
    /// Placed, and not yet paid.
    #[serde(rename = "created")]
    Created,
    /// The buyer has begun to pay. Still unpaid: it expires as `created` does.
    #[serde(rename = "awaiting:payment")]
    AwaitingPayment,
    /// Paid. Final.
    #[serde(rename = "complete")]
    Complete,
    /// Expired, or cancelled by its buyer. Final.
    #[serde(rename = "cancelled")]
    Cancelled,
}

/// A text that is no order status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown order status {0:?}: expected created, awaiting:payment, complete or cancelled")]
pub struct UnknownStatus(String);

impl OrderStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Created, Self::AwaitingPayment, Self::Complete, Self::Cancelled];

    /// The status as it stands on the wire and in the stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::AwaitingPayment => "awaiting:payment",
            Self::Complete => "complete",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OrderStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}

/// A buyer has ordered a ticket and has until `expiresAt` to pay.
///
/// Subject `order:created`, published by `orders`, listened to by `expiration` (starts the timer), `tickets`
/// (reserves the seat) and `payments`. Idempotent by `id`: there is one for each order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCreated {
    /// The order.
    pub id: Id,
    /// The order's version: 0.
    #[schema(format = "uint32")]
    pub version: u32,
    /// Always `created`: an order is told of when it is placed.
    pub status: OrderStatus,
    /// The buyer.
    pub user_id: Id,
    /// When an unpaid order is cancelled.
    pub expires_at: Timestamp,
    /// What was ordered.
    pub ticket: OrderedTicket,
}

/// The ticket in an `order:created`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderedTicket {
    /// The ticket.
    pub id: Id,
    /// What the buyer has to pay.
    pub price: Price,
}

impl Event for OrderCreated {
    const SUBJECT: Subject = Subject::OrderCreated;
}

/// An order was cancelled, by its buyer or because its time was over.
///
/// Subject `order:cancelled`, published by `orders`, listened to by `expiration` (drops the timer), `tickets` (frees
/// the seat) and `payments`. Idempotent by `id`: an order is cancelled at most once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCancelled {
    /// The order.
    pub id: Id,
    /// The created version + 1.
    #[schema(format = "uint32")]
    pub version: u32,
    /// What had been ordered.
    pub ticket: CancelledTicket,
}

/// The ticket in an `order:cancelled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancelledTicket {
    /// The ticket.
    pub id: Id,
}

impl Event for OrderCancelled {
    const SUBJECT: Subject = Subject::OrderCancelled;
}

/// An order was paid: the money that was authorised for it may be captured.
///
/// Subject `order:completed`, published by `orders`, listened to by `payments`. Idempotent by `id`: an order is
/// completed at most once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCompleted {
    /// The order.
    pub id: Id,
    /// The created version + 1.
    #[schema(format = "uint32")]
    pub version: u32,
    /// The payment that completed it.
    pub payment_id: Id,
    /// What was ordered.
    pub ticket: CompletedTicket,
}

/// The ticket in an `order:completed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompletedTicket {
    /// The ticket.
    pub id: Id,
}

impl Event for OrderCompleted {
    const SUBJECT: Subject = Subject::OrderCompleted;
}

/// An unpaid order has more time to be paid: it is cancelled at `expiresAt`, and not before.
///
/// Subject `order:extended`, published by `orders`, listened to by `expiration` (moves the timer) and `payments`. An order
/// may be extended often, never to an earlier instant, and its version stays. So of two events the later instant holds,
/// in whatever order they come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderExtended {
    /// The order.
    pub id: Id,
    /// When it is cancelled now, if it is not paid.
    pub expires_at: Timestamp,
}

impl Event for OrderExtended {
    const SUBJECT: Subject = Subject::OrderExtended;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_the_same_text_in_json_as_in_the_stores() {
        for status in OrderStatus::ALL {
            assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{status}\""));
            assert_eq!(status.as_str().parse(), Ok(status));
        }
    }

    #[test]
    fn an_unknown_status_is_refused_by_name() {
        let error = "paid".parse::<OrderStatus>().unwrap_err().to_string();
        assert!(error.contains("\"paid\""), "{error}");
    }
}
