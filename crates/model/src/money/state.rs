//! What everybody has and knows at one moment.

use super::scope::MOST;

/// One moment of the whole system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// How many orders' times are over: order `n` is overdue once this is above `n`.
    pub(crate) time: u8,
    pub(crate) orders: [Order; MOST],
    pub(crate) payments: [Payment; MOST],
    pub(crate) watermark: Watermark,
    /// The order that a wrong expiry has found unpaid and is about to cancel: memory of `orders`.
    pub(crate) found_unpaid: Option<u8>,
    /// The faults that may still happen, where they are counted.
    pub(crate) faults: u8,
}

/// An order, in both services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Order {
    pub(crate) row: OrderRow,
    /// What `payments` knows of it.
    pub(crate) copy: OrderCopy,
    pub(crate) completed: Delivery,
    pub(crate) cancelled: Delivery,
}

/// The row in `orders`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OrderRow {
    NotPlaced,
    Unpaid,
    CompleteBy(u8),
    Expired,
    CancelledByBuyer,
}

/// The copy in `payments`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OrderCopy {
    Unpaid,
    Final,
}

/// The way of one event, from its outbox row to its only listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Delivery {
    /// The broker had it, and has lost it.
    Lost,
    Untold,
    /// An outbox row.
    Queued,
    /// The broker has it, and delivers it until it is acknowledged.
    Stored,
    /// Between the listener's commit and its acknowledgement (of the wrong protocol, the other way round).
    InHand,
    Acked,
}

/// How far `orders` knows that it has seen all payments: all of it memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Watermark {
    /// Every payment that was stored before this time is decided.
    pub(crate) seen: u8,
    /// The clock, as a sample under way has read it.
    pub(crate) now: Option<u8>,
    /// The payments stored when a sample under way asked for the last one, a bit for each.
    pub(crate) last: Option<u8>,
}

/// A payment, in both services and at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Payment {
    pub(crate) row: Row,
    pub(crate) decision: Decision,
    pub(crate) call: Call,
    /// The answer that a paused settler still holds, although its lease has lapsed: memory of `payments`.
    pub(crate) held: Option<Answer>,
    /// Requests whose sender has gone and which may still reach the provider, a bit for each [`Request`].
    pub(crate) straying: u8,
    pub(crate) key: Key,
    pub(crate) intent: Intent,
    /// A second authorisation for the same payment, which nobody knows of.
    pub(crate) orphan: bool,
    /// What `orders` keeps of a payment that it can't take.
    pub(crate) rejection: Rejection,
    /// `payment:created` was stored before the time of the order, undecided until now, was over.
    pub(crate) in_time: bool,
    pub(crate) created: Delivery,
    pub(crate) rejected: Delivery,
    pub(crate) settled: Delivery,
}

/// The row in `payments`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Row {
    Absent,
    Pending,
    /// Pending, with the intent that may be confirmed.
    Prepared,
    Open,
    Authorised,
    Captured,
    Released,
    Refunded,
    /// It came to nothing before it was authorised, and was never told.
    Failed,
}

/// What the settler has to do with a payment, a column of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Decision {
    Undecided,
    Capture,
    Release,
    Close,
}

/// The request to the provider that is under way: memory of `payments`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    Idle,
    Asking(Request),
    Answered(Answer),
}

/// What the provider can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Make the intent or the page.
    Create,
    /// Have the card of an intent charged.
    Confirm,
    /// Tell its state.
    LookUp,
    /// Close the page.
    Expire,
    /// Take the authorised money.
    Capture,
    /// Cancel the intent, with what it holds.
    Release,
    /// Give back what was captured.
    Refund,
}

/// What the provider says of a payment, in an answer or in a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It has no intent.
    Nothing,
    /// An error of its own, which it will repeat under this key whatever it has done.
    Error,
    /// The intent is there, and no card was charged.
    Prepared,
    /// The card was declined.
    Declined,
    /// The page waits for the buyer.
    Open,
    /// The page was closed unpaid, or the intent called off.
    Expired,
    /// The money is held.
    Authorised,
    /// The money is taken.
    Captured,
    /// The authorisation is cancelled.
    Released,
    /// The money is on its way back.
    Refunded,
}

/// The answer that the provider keeps under the idempotency key of the request that may charge a card, or open a page.
///
/// The other requests need no such memory: each can have its effect only once, by the state of the intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Unused,
    Made,
    Declined,
    Error,
    /// A second one, because the first was seen to have done nothing.
    Renewed,
}

/// The intent, or the page, at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Intent {
    Absent,
    Prepared,
    Open,
    Expired,
    Authorised,
    Captured,
    Released,
    Refunded,
}

/// The row of a rejected payment in `orders`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rejection {
    Absent,
    Unsettled,
    Settled,
}

impl State {
    /// One order placed, nothing paid.
    pub(crate) fn first(faults: u8) -> Self {
        let mut orders = [Order::NOT_PLACED; MOST];
        orders[0].row = OrderRow::Unpaid;
        let watermark = Watermark::UNKNOWN;
        Self { time: 0, orders, payments: [Payment::ABSENT; MOST], watermark, found_unpaid: None, faults }
    }

    pub(crate) fn order(&self, order: u8) -> &Order {
        &self.orders[usize::from(order)]
    }

    pub(crate) fn order_mut(&mut self, order: u8) -> &mut Order {
        &mut self.orders[usize::from(order)]
    }

    pub(crate) fn payment(&self, payment: u8) -> &Payment {
        &self.payments[usize::from(payment)]
    }

    pub(crate) fn payment_mut(&mut self, payment: u8) -> &mut Payment {
        &mut self.payments[usize::from(payment)]
    }

    /// Whether the time to pay an order is over.
    pub(crate) fn is_over(&self, order: u8) -> bool {
        self.time > order
    }
}

impl Order {
    const NOT_PLACED: Self = Self {
        row: OrderRow::NotPlaced,
        copy: OrderCopy::Unpaid,
        completed: Delivery::Untold,
        cancelled: Delivery::Untold,
    };
}

impl OrderRow {
    pub(crate) fn is_cancelled(self) -> bool {
        matches!(self, Self::Expired | Self::CancelledByBuyer)
    }
}

impl Watermark {
    /// What a process knows that has just started.
    pub(crate) const UNKNOWN: Self = Self { seen: 0, now: None, last: None };
}

impl Payment {
    const ABSENT: Self = Self {
        row: Row::Absent,
        decision: Decision::Undecided,
        call: Call::Idle,
        held: None,
        straying: 0,
        key: Key::Unused,
        intent: Intent::Absent,
        orphan: false,
        rejection: Rejection::Absent,
        in_time: false,
        created: Delivery::Untold,
        rejected: Delivery::Untold,
        settled: Delivery::Untold,
    };
}

impl Delivery {
    /// Tells what has not been told yet: an outbox row is made once.
    pub(crate) fn queue(&mut self) {
        if *self == Self::Untold {
            *self = Self::Queued;
        }
    }
}

impl Row {
    /// Nothing will become of it any more.
    pub(crate) fn is_final(self) -> bool {
        self >= Self::Captured
    }

    /// It may still be authorised.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Prepared | Self::Open)
    }

    /// It keeps others from being made for the same order.
    pub(crate) fn is_live(self) -> bool {
        matches!(self, Self::Pending | Self::Prepared | Self::Open | Self::Authorised | Self::Captured)
    }
}

impl Request {
    /// Those that change something at the provider.
    pub(crate) const EFFECTIVE: [Self; 6] =
        [Self::Create, Self::Confirm, Self::Expire, Self::Capture, Self::Release, Self::Refund];

    /// Its bit among the straying ones; none for a look-up, which may as well never arrive.
    pub(crate) const fn bit(self) -> u8 {
        match self {
            Self::LookUp => 0,
            Self::Create => 1,
            Self::Expire => 2,
            Self::Capture => 4,
            Self::Release => 8,
            Self::Refund => 16,
            Self::Confirm => 32,
        }
    }
}

impl Call {
    /// The caller goes on without an answer, and the request may still arrive.
    pub(crate) fn abandon(&mut self) -> u8 {
        match std::mem::replace(self, Self::Idle) {
            Self::Asking(request) => request.bit(),
            Self::Idle | Self::Answered(_) => 0,
        }
    }
}
