//! Everything that the invariants are checked against. Collected once, then only looked at.

mod messages;
mod rows;

pub use self::rows::{
    ConsumerPlace, OrderCopy, OrderRow, OutboxRow, PaymentRow, Purchase, TicketCopy, TicketRow,
};

use bytes::Bytes;
use common::event::{
    ExpirationComplete, Id, OrderCancelled, OrderCompleted, OrderCreated, OrderExtended, PaymentCreated,
    PaymentRejected, PaymentSettled, Subject, TicketCreated, TicketUpdated,
};

use crate::{bounds::Bounds, record::Record, streams::Stored};

/// What was seen, what was broken, and what is in the streams, the databases and the books when everything is over. Events are
/// those that are in the streams in the end, and those that were heard before their stream lost them.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What the outside saw.
    pub record: Record,
    /// What was broken, and when.
    pub bounds: Bounds,
    /// The table `orders` of `orders`.
    pub rows: Vec<OrderRow>,
    /// The table `outbox` of `orders`.
    pub outbox: Vec<OutboxRow>,
    /// The copy that `orders` has of the tickets.
    pub ticket_copies: Vec<TicketCopy>,
    /// Payments that `orders` rejected and of whose money it was never told.
    pub owed: Vec<String>,
    /// The table `tickets` of `tickets`.
    pub ticket_rows: Vec<TicketRow>,
    /// The table `outbox` of `tickets`.
    pub ticket_outbox: Vec<OutboxRow>,
    /// The copy that `payments` has of the orders.
    pub order_copies: Vec<OrderCopy>,
    /// The table `payments` of `payments`.
    pub payment_rows: Vec<PaymentRow>,
    /// What the provider's books say.
    pub purchases: Vec<Purchase>,
    /// Of our orders.
    pub created: Vec<OrderCreated>,
    /// Of our orders.
    pub cancelled: Vec<OrderCancelled>,
    /// Of our orders.
    pub extended: Vec<OrderExtended>,
    /// Of our orders and of others.
    pub fired: Vec<At<ExpirationComplete>>,
    /// Those that can be read.
    pub payments: Vec<At<PaymentCreated>>,
    /// Of our orders.
    pub completed: Vec<OrderCompleted>,
    /// Payments that `orders` could not take.
    pub rejected: Vec<PaymentRejected>,
    /// Payments of which it is known where their money is.
    pub settled: Vec<PaymentSettled>,
    /// Tickets that were put up for sale.
    pub offered: Vec<TicketCreated>,
    /// In the order in which they are stored.
    pub tickets: Vec<TicketUpdated>,
    /// Events of orders that are not ours, but for their expirations.
    pub foreign: Vec<ForeignMessage>,
    /// Messages that are not of the contract.
    pub unreadable: Vec<Unreadable>,
    /// What is kept as a dead letter in the end.
    pub dead_letters: Vec<DeadLetter>,
    /// All messages that are or were in the streams, in the order of time.
    pub messages: Vec<Stored>,
    /// Those that were heard and are not in the streams in the end.
    pub gone: Vec<Stored>,
    /// What has not come to rest, one text each.
    pub unrest: Vec<String>,
    /// Every consumer that was looked at.
    pub consumers: Vec<ConsumerPlace>,
}

/// An event and its place in its stream.
#[derive(Clone, Debug)]
pub struct At<E> {
    /// The event.
    pub event: E,
    /// Its place.
    pub sequence: u64,
    /// When the broker stored it, in ms since the Unix epoch.
    pub at_ms: i64,
    /// It was heard, and is not in the stream in the end.
    pub gone: bool,
}

/// An event of an order that is not ours.
#[derive(Clone, Debug)]
pub struct ForeignMessage {
    /// The order.
    pub order: Id,
    /// Its subject.
    pub subject: Subject,
    /// Its place in the orders' stream.
    pub sequence: u64,
    /// When the broker stored it, in ms since the Unix epoch.
    pub at_ms: i64,
    /// It was heard, and is not in the stream in the end.
    pub gone: bool,
}

/// A message that is not of the contract.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// Its subject.
    pub subject: String,
    /// Its place in its stream.
    pub sequence: u64,
    /// When the broker stored it, in ms since the Unix epoch.
    pub at_ms: i64,
    /// What it says.
    pub body: Bytes,
    /// It was heard, and is not in the stream in the end.
    pub gone: bool,
}

/// A dead letter, and why.
#[derive(Clone, Debug, Default)]
pub struct DeadLetter {
    /// Among the dead letters.
    pub sequence: u64,
    /// When the broker stored it, in ms since the Unix epoch.
    pub at_ms: i64,
    /// Names the consumer that gave it up and the place where the message was.
    pub subject: String,
    /// Why it was given up.
    pub reason: String,
    /// The message's body.
    pub body: Bytes,
}

impl Facts {
    /// The messages that name this id, in the order of time: what a person wants to see of a broken invariant.
    pub fn about(&self, id: &str) -> Vec<&Stored> {
        let named = |message: &&Stored| String::from_utf8_lossy(&message.payload).contains(id);
        self.messages.iter().filter(named).collect()
    }
}
