//! What the outside saw and did: what people and operators were answered, and what was published past the services.

use std::collections::HashMap;

use bytes::Bytes;
use common::event::{Id, Subject, Timestamp};

/// What the outside saw and did, from the first request to the last.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Orders that their buyers know to be placed.
    pub placed: Vec<Placed>,
    /// Orders that were asked for, and of which nobody knows whether they are placed.
    pub doubtful: Vec<Doubtful>,
    /// Orders that somebody asked to be cancelled.
    pub cancellations: Vec<Cancellation>,
    /// Payments that their buyers know to be begun.
    pub payments: Vec<Paid>,
    /// Orders that an operator gave more time.
    pub extensions: Vec<Extension>,
    /// Changes that sellers made to tickets.
    pub edits: Vec<Edit>,
    /// Orders of services that are not ours: only their events exist.
    pub foreign: Vec<Foreign>,
    /// Messages that no listener can read.
    pub poison: Vec<Poison>,
    /// Subjects of the dead letters that an operator has replayed as they were. What nobody can read comes back.
    pub replayed: Vec<String>,
    /// Subjects of the dead letters that an operator has replayed with a body that can be read. They are gone for good.
    pub mended: Vec<String>,
    /// The same of those of which nobody knows with which body they were: the answer was lost, and somebody has replayed them.
    pub perhaps_mended: Vec<String>,
    /// Subjects of the dead letters that somebody replayed as they were without being answered, and that are still there. What
    /// was replayed may come back all the same, beside the letter.
    pub perhaps_replayed: Vec<String>,
    /// Events of ours were published once more, as they are after a long outage.
    pub repeats: bool,
    /// When orders were first seen complete, in ms since the Unix epoch, where somebody looked.
    pub complete_at_ms: HashMap<Id, i64>,
    /// What was published while somebody listened. A stream that was lost can't tell any more.
    pub heard: Vec<Heard>,
}

/// A message that was published; it may never have been stored.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Its subject.
    pub subject: Subject,
    /// What it says.
    pub body: Bytes,
    /// When, in ms since the Unix epoch.
    pub at_ms: i64,
}

/// An order that its buyer knows to be placed.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The order.
    pub order: Id,
    /// What was ordered.
    pub ticket: Id,
    /// As its buyer was answered.
    pub expires_at: Timestamp,
    /// When he knew, in ms since the Unix epoch.
    pub at_ms: i64,
    /// How he knows.
    pub known: Known,
}

/// How a buyer knows that the order is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// `POST /api/orders` was answered with 201.
    Answered,
    /// That answer was lost, and the order was in the list of `GET /api/orders`.
    Listed,
}

/// An order that was asked for; the answer was lost, and nobody has found it in a list.
#[derive(Clone, Debug)]
pub struct Doubtful {
    /// What was ordered.
    pub ticket: Id,
    /// When, in ms since the Unix epoch.
    pub at_ms: i64,
}

/// A wish that an order be cancelled, which was not refused.
#[derive(Clone, Debug)]
pub struct Cancellation {
    /// The order.
    pub order: Id,
    /// Whose wish it is.
    pub by: Canceller,
    /// The answer was 204. Otherwise it was lost, and the order may be cancelled or not.
    pub answered: bool,
    /// When, in ms since the Unix epoch.
    pub at_ms: i64,
}

/// Who asks for a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canceller {
    /// The order's buyer.
    Buyer,
    /// An operator.
    Operator,
}

impl Canceller {
    /// As the row of a cancelled order names it.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Operator => "operator",
        }
    }
}

/// A payment that was begun: `POST /api/payments` was answered with 201.
#[derive(Clone, Debug)]
pub struct Paid {
    /// The order.
    pub order: Id,
    /// The payment.
    pub payment: Id,
    /// When, in ms since the Unix epoch.
    pub at_ms: i64,
}

/// More time for an order.
#[derive(Clone, Debug)]
pub struct Extension {
    /// The order.
    pub order: Id,
    /// Until when it can be paid.
    pub to: Timestamp,
    /// The operator knows that it has more time. Otherwise it may have it or not.
    pub answered: bool,
    /// When, in ms since the Unix epoch.
    pub at_ms: i64,
}

/// A seller's change of a ticket that was not refused.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The ticket.
    pub ticket: Id,
    /// The answer was 200. Otherwise it was lost, and the ticket may be changed or not.
    pub answered: bool,
    /// When, in ms since the Unix epoch.
    pub at_ms: i64,
}

/// An order of a service that is not ours. Its ticket has to be one that `tickets` does not know.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// The order.
    pub order: Id,
    /// As its `order:created` says.
    pub due: Timestamp,
    /// When the broker acknowledged that event, in ms since the Unix epoch; `None`: it may be stored or not.
    pub stored_ms: Option<i64>,
    /// To when its `order:extended` moves it, and when that was stored, in ms since the Unix epoch.
    pub extended: Option<(Timestamp, i64)>,
    /// When its `order:cancelled` was sent, in ms since the Unix epoch: its timer may fire or not.
    pub cancelled_ms: Option<i64>,
}

impl Foreign {
    /// When its timer has to fire, in ms since the Unix epoch.
    pub(crate) fn due_ms(&self) -> i64 {
        let extended = self.extended.map(|(to, _)| to.as_millis());
        self.due.as_millis().max(extended.unwrap_or(i64::MIN))
    }
}

/// A message that no listener can read.
#[derive(Clone, Debug)]
pub struct Poison {
    /// On which it was published.
    pub subject: Subject,
    /// By which it is known again: no two are alike.
    pub body: Bytes,
    /// When the broker acknowledged it, in ms since the Unix epoch; `None`: it may be stored or not.
    pub stored_ms: Option<i64>,
}

impl Record {
    /// The orders that are not ours.
    pub fn foreign_orders(&self) -> Vec<Id> {
        self.foreign.iter().map(|foreign| foreign.order.clone()).collect()
    }

    pub(crate) fn is_foreign(&self, order: &str) -> bool {
        self.foreign.iter().any(|foreign| foreign.order.as_str() == order)
    }

    /// Whether somebody tried to take its timer out.
    pub(crate) fn is_cancelled_foreign(&self, order: &Id) -> bool {
        self.foreign.iter().any(|foreign| foreign.order == *order && foreign.cancelled_ms.is_some())
    }

    /// Whether this was published by no service of ours.
    pub(crate) fn is_poison(&self, subject: &str, body: &Bytes) -> bool {
        self.poison.iter().any(|poison| poison.subject.as_str() == subject && poison.body == *body)
    }

    /// Whether somebody asked for what the row gives as its reason.
    pub(crate) fn asked_to_cancel(&self, order: &str, reason: &str) -> bool {
        self.cancellations.iter().any(|wish| wish.order.as_str() == order && wish.by.reason() == reason)
    }
}
