//! What `tickets` tells the others.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Event, Id, Price, Subject};

/// A ticket is for sale.
///
/// Subject `ticket:created`, published by `tickets`, listened to by `orders`. Idempotent by `(id, version)`: a
/// listener's copy takes it only if the version is newer than its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketCreated {
    /// The ticket.
    pub id: Id,
    /// The ticket's version: 0.
    #[schema(format = "uint32")]
    pub version: u32,
    /// What the seat is for, as the seller wrote it.
    pub title: String,
    /// What the ticket costs.
    pub price: Price,
    /// The seller.
    pub user_id: Id,
}

impl Event for TicketCreated {
    const SUBJECT: Subject = Subject::TicketCreated;
}

/// A ticket has another title or price, or was reserved or freed. It carries the full state.
///
/// Subject `ticket:updated`, published by `tickets`, listened to by `orders`. Idempotent by `(id, version)`: a
/// listener's copy takes it only if the version is newer than its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketUpdated {
    /// The ticket.
    pub id: Id,
    /// One more than the version before.
    #[schema(format = "uint32")]
    pub version: u32,
    /// What the seat is for, as the seller wrote it.
    pub title: String,
    /// What the ticket costs.
    pub price: Price,
    /// The seller.
    pub user_id: Id,
    /// The order that holds the seat. Left out when nobody does; `null` is read as that too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Id>,
}

impl Event for TicketUpdated {
    const SUBJECT: Subject = Subject::TicketUpdated;
}
