//! What can happen.

use super::{
    provider::Luck,
    state::{Answer, Request},
};

/// An event of the contract, by the payment or the order that it tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// `payment:created`
    PaymentCreated(u8),
    /// `payment:rejected`
    PaymentRejected(u8),
    /// `payment:settled`
    PaymentSettled(u8),
    /// `order:completed`
    OrderCompleted(u8),
    /// `order:cancelled`
    OrderCancelled(u8),
}

/// A service that can be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Decides.
    Orders,
    /// Authorises and settles.
    Payments,
}

/// One step of anybody: of the environment down to [`Step::Lose`], of the system from [`Step::TimePasses`] on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A buyer orders the seat again that an order has set free.
    Place(u8),
    /// A buyer cancels the order.
    Cancel(u8),
    /// A buyer posts the payment.
    Post(u8),
    /// A buyer pays on the hosted page.
    PayOnPage(u8),
    /// The hosted page is closed by its own time limit.
    PageLapses(u8),
    /// The provider tells something that is or was true.
    Webhook(u8, Answer),
    /// A service is killed, and starts again.
    Crash(Service),
    /// The answer to a request is lost: it was not sent, not done, or only not told.
    LoseAnswer(u8),
    /// The lease of a settler lapses while it holds an answer, and another one takes over.
    Pause(u8),
    /// The paused settler goes on, and commits the answer that it held.
    RecordLate(u8),
    /// A request reaches the provider after its sender has gone.
    ArriveLate(u8, Request, Luck),
    /// An event is delivered again: its acknowledgement was lost, or the relay published it twice.
    Repeat(Event),
    /// The broker loses an event that it had acknowledged, before anybody has handled it.
    Lose(Event),
    /// The time to pay is over for the next order.
    TimePasses,
    /// The relay publishes an outbox row, and deletes it.
    Publish(Event),
    /// The listener's handler commits.
    Handle(Event),
    /// The listener acknowledges.
    Acknowledge(Event),
    /// The watermark reads Postgres' clock.
    ReadNow,
    /// The watermark asks the broker for the last stored payment.
    ReadLast,
    /// The watermark rises: what it asked for is acknowledged.
    Rise,
    /// A wrong expiry finds the order unpaid.
    FindUnpaid(u8),
    /// `expiration:complete` or the sweeper cancels the order: both run the same statement, as early and as often as
    /// they like.
    Expire(u8),
    /// `payments` makes a request.
    Ask(u8, Request),
    /// The provider does it, and answers.
    Serve(u8, Luck),
    /// `payments` commits the answer.
    Record(u8),
    /// `payments` tells again of money that nobody has decided about for minutes.
    TellAgain(u8),
}
