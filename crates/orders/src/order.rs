//! The rules of an order: what may become of it, and what may not.
//!
//! An unpaid order (`created` or `awaiting:payment`) becomes `complete` or `cancelled`, whichever commits first, and
//! then never changes again (I3, I4). The store locks the row, asks here, and writes what the answer says. Expiry is
//! the one rule that is not here: it needs Postgres' clock, so `store/expire.sql` decides it.

use std::time::Duration;

use common::event::{Id, OrderStatus, Price, SettledOutcome, Timestamp};

/// An order with its ticket, as its buyer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The order's id.
    pub id: Id,
    /// Its version: 0, or 1 once it is complete or cancelled.
    pub version: u32,
    /// How far it has come.
    pub status: OrderStatus,
    /// The buyer.
    pub user_id: Id,
    /// When it is cancelled if unpaid.
    pub expires_at: Timestamp,
    /// What was ordered.
    pub ticket: Ticket,
    /// What became of the buyer's money, if there was any.
    pub money: Option<Money>,
}

/// What became of the money that was offered for an order: of the payment that completed it, else of the last one rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Money {
    /// It completed the order, and is not known to be captured yet.
    Accepted,
    /// It was not taken, and is not known to be back yet.
    Rejected,
    /// Where it is in the end.
    Settled(SettledOutcome),
}

impl Money {
    /// As it stands in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Settled(outcome) => outcome.as_str(),
        }
    }
}

/// A ticket as an order has it, which is as it was when the order was placed; and the copy that `orders` keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The ticket's id.
    pub id: Id,
    /// Its version: of the copy, that of the newest event it has seen.
    pub version: u32,
    /// What the seat is for.
    pub title: String,
    /// What it costs.
    pub price: Price,
}

/// What decides about an order: its status and, once complete, by which payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// How far the order has come.
    pub status: OrderStatus,
    /// The payment of a complete order.
    pub payment_id: Option<Id>,
}

/// What a payment does to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payment {
    /// The order is complete now.
    Completes,
    /// It was decided before: it had completed the order, or is kept among the rejected ones.
    Repeated,
    /// It can't be taken: its money has to go back.
    Rejected(Rejection),
}

/// Why a payment can't be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Whoever was first, the cancellation was.
    #[error("the order was cancelled before this payment came")]
    OrderIsCancelled,
    /// Another payment had completed it.
    #[error("the order was already paid by payment {0}")]
    PaidBy(Id),
    /// An order is committed before anybody is told of it, so one that is not there never was.
    #[error("there is no such order")]
    UnknownOrder,
}

impl Rejection {
    /// The label of the metric.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::OrderIsCancelled => "cancelled",
            Self::PaidBy(_) => "paid",
            Self::UnknownOrder => "unknown",
        }
    }
}

/// What a wish to cancel does to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// The order is cancelled now.
    Cancels,
    /// It was before.
    Repeated,
    /// It is paid, and stays so.
    OrderIsComplete,
}

/// How much more time an operator wants to give an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoreTime {
    /// Until this instant.
    To(Timestamp),
    /// So much longer than it has now.
    By(Duration),
}

/// The times of an order by which it is judged whether it may have more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it is cancelled if unpaid.
    pub expires_at: Timestamp,
    /// What time it is.
    pub now: Timestamp,
}

/// What an operator's wish for more time does to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// It has until then.
    Extends(Timestamp),
    /// It has until then already.
    Repeated,
    /// It is paid, and needs none.
    OrderIsComplete,
    /// It is over.
    OrderIsCancelled,
    /// It would have less than it has.
    Earlier,
    /// That instant has passed.
    InThePast,
    /// No order is kept for so long.
    BeyondLimit,
}

/// What the end of its time does to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// The order is cancelled now.
    Cancels,
    /// It was complete or cancelled before.
    Settled,
    /// Its time is not over: this long remains, rounded up to a millisecond.
    Early(Duration),
    /// Its time is over, but a payment that came before may not be seen yet (I10).
    Waits,
    /// Its time is over, but someone else was about to change it: ask again at once.
    Contended,
    /// There is no such order, or not yet.
    UnknownOrder,
}

impl OrderState {
    /// What `payment` does to the order. Being late is no reason to refuse: a payment that gets here before the
    /// cancellation wins.
    pub fn pay(&self, payment: &Id) -> Payment {
        match self.status {
            OrderStatus::Created | OrderStatus::AwaitingPayment => Payment::Completes,
            OrderStatus::Cancelled => Payment::Rejected(Rejection::OrderIsCancelled),
            OrderStatus::Complete => match &self.payment_id {
                Some(first) if first != payment => Payment::Rejected(Rejection::PaidBy(first.clone())),
                _ => Payment::Repeated,
            },
        }
    }

    /// What its buyer's or an operator's wish to cancel does to the order.
    pub fn cancel(&self) -> Cancellation {
        match self.status {
            OrderStatus::Created | OrderStatus::AwaitingPayment => Cancellation::Cancels,
            OrderStatus::Cancelled => Cancellation::Repeated,
            OrderStatus::Complete => Cancellation::OrderIsComplete,
        }
    }

    /// What an operator's wish for more time does to the order. One whose time is over may have more until it is cancelled. It
    /// never has less than before, and never more than `limit` in all.
    pub fn extend(&self, wish: MoreTime, times: Times, limit: Duration) -> Extension {
        match self.status {
            OrderStatus::Complete => return Extension::OrderIsComplete,
            OrderStatus::Cancelled => return Extension::OrderIsCancelled,
            OrderStatus::Created | OrderStatus::AwaitingPayment => {}
        }
        let to = match wish {
            MoreTime::To(to) => to,
            MoreTime::By(by) => later(times.expires_at, by),
        };
        match to {
            to if to < times.expires_at => Extension::Earlier,
            to if to == times.expires_at => Extension::Repeated,
            to if to <= times.now => Extension::InThePast,
            to if to > later(times.created_at, limit) => Extension::BeyondLimit,
            to => Extension::Extends(to),
        }
    }

    /// The order after `payment` completed it.
    #[must_use]
    pub fn paid(payment: Id) -> Self {
        Self { status: OrderStatus::Complete, payment_id: Some(payment) }
    }
}

fn later(instant: Timestamp, by: Duration) -> Timestamp {
    let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(instant.as_millis().saturating_add(by_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        text.parse().unwrap()
    }

    fn state(status: OrderStatus) -> OrderState {
        let payment_id = (status == OrderStatus::Complete).then(|| id("p-1"));
        OrderState { status, payment_id }
    }

    #[test]
    fn a_payment_completes_an_unpaid_order() {
        for status in [OrderStatus::Created, OrderStatus::AwaitingPayment] {
            assert_eq!(state(status).pay(&id("p-1")), Payment::Completes);
        }
    }

    #[test]
    fn a_cancelled_order_is_never_completed() {
        assert_eq!(
            state(OrderStatus::Cancelled).pay(&id("p-1")),
            Payment::Rejected(Rejection::OrderIsCancelled)
        );
    }

    #[test]
    fn the_same_payment_again_changes_nothing_and_another_is_refused() {
        let order = OrderState::paid(id("p-1"));
        assert_eq!(order, state(OrderStatus::Complete));
        assert_eq!(order.pay(&id("p-1")), Payment::Repeated);
        assert_eq!(order.pay(&id("p-2")), Payment::Rejected(Rejection::PaidBy(id("p-1"))));
    }

    #[test]
    fn a_buyer_cancels_an_unpaid_order_once_and_a_complete_one_never() {
        for status in [OrderStatus::Created, OrderStatus::AwaitingPayment] {
            assert_eq!(state(status).cancel(), Cancellation::Cancels);
        }
        assert_eq!(state(OrderStatus::Cancelled).cancel(), Cancellation::Repeated);
        assert_eq!(state(OrderStatus::Complete).cancel(), Cancellation::OrderIsComplete);
    }
    const TIMES: Times = Times {
        created_at: Timestamp::from_millis(0),
        expires_at: Timestamp::from_millis(900_000),
        now: Timestamp::from_millis(600_000),
    };
    const LIMIT: Duration = Duration::from_secs(3_600);

    fn to(ms: i64) -> MoreTime {
        MoreTime::To(Timestamp::from_millis(ms))
    }

    #[test]
    fn an_unpaid_order_gets_more_time_up_to_the_limit_and_never_less() {
        for status in [OrderStatus::Created, OrderStatus::AwaitingPayment] {
            let extend = |wish| state(status).extend(wish, TIMES, LIMIT);
            assert_eq!(extend(to(900_001)), Extension::Extends(Timestamp::from_millis(900_001)));
            assert_eq!(extend(to(3_600_000)), Extension::Extends(Timestamp::from_millis(3_600_000)));
            assert_eq!(extend(to(3_600_001)), Extension::BeyondLimit);
            assert_eq!(extend(to(900_000)), Extension::Repeated);
            assert_eq!(extend(to(899_999)), Extension::Earlier);
            assert_eq!(
                extend(MoreTime::By(LIMIT / 2)),
                Extension::Extends(Timestamp::from_millis(2_700_000))
            );
            assert_eq!(extend(MoreTime::By(Duration::MAX)), Extension::BeyondLimit);
        }
    }

    #[test]
    fn an_order_whose_time_is_over_gets_more_only_of_what_is_to_come() {
        let times = Times { now: Timestamp::from_millis(1_000_000), ..TIMES };
        let extend = |wish| state(OrderStatus::Created).extend(wish, times, LIMIT);
        assert_eq!(extend(to(1_000_000)), Extension::InThePast);
        assert_eq!(extend(to(1_000_001)), Extension::Extends(Timestamp::from_millis(1_000_001)));
    }

    #[test]
    fn an_order_that_is_paid_or_over_gets_no_more_time() {
        let extend = |status| state(status).extend(to(901_000), TIMES, LIMIT);
        assert_eq!(extend(OrderStatus::Complete), Extension::OrderIsComplete);
        assert_eq!(extend(OrderStatus::Cancelled), Extension::OrderIsCancelled);
    }
}
