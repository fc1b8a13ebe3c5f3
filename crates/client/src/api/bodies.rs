//! What the APIs answer, as far as a page needs it. Fields that are not named here may come and go.

use common::event::{Id, OrderStatus, Price, Timestamp};
use serde::Deserialize;

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    /// The user.
    pub id: Id,
    /// A session that another service has opened may be without it.
    pub email: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CurrentUser {
    pub(super) current_user: Option<User>,
}

/// A ticket.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// The ticket.
    pub id: Id,
    /// What the seat is for.
    pub title: String,
    /// What it costs.
    pub price: Price,
    /// The seller.
    pub user_id: Id,
    /// One more with each change.
    pub version: u32,
    /// The order that holds it.
    pub order_id: Option<Id>,
}

/// An order, with its ticket as it was when the order was placed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// The order.
    pub id: Id,
    /// How far it has come.
    pub status: OrderStatus,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// What was ordered.
    pub ticket: OrderTicket,
    /// What became of the money, once there was any.
    pub payment: Option<OrderMoney>,
}

/// What was ordered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OrderTicket {
    /// The ticket.
    pub id: Id,
    /// What the seat is for.
    pub title: String,
    /// What it costs.
    pub price: Price,
}

/// The money for an order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OrderMoney {
    /// One of `accepted`, `rejected`, `captured`, `released`, `refunded`, `failed`; more may come.
    pub status: String,
}

/// A payment that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BegunPayment {
    /// The provider's page, if the buyer still has to pay there.
    pub url: Option<String>,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Payment {
    /// How far it has come.
    pub status: PaymentState,
    /// Why it did not succeed, for a person.
    pub reason: Option<String>,
}

/// How far a payment has come, as far as a page tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PaymentState {
    /// The provider was asked, and has not answered yet.
    Pending,
    /// The buyer can pay on the provider's page.
    Open,
    /// The money is held.
    Authorised,
    /// The card was declined.
    Declined,
    /// It is over; the order says what became of it.
    #[serde(other)]
    Over,
}
