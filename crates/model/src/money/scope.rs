//! How much of the world one check takes in.

/// How many orders and payments a state has room for.
pub(crate) const MOST: usize = 2;

/// The way in which a payment is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By a card's token: an intent is made, noted, and then confirmed.
    Token,
    /// On a hosted page, which the buyer completes at any time while it is open.
    Page,
    /// Charged at once, as a service does that knows nothing of authorisations.
    Charge,
}

/// A payment that a buyer may make.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The order that it is for: 0 or 1.
    pub order: u8,
    /// How it is made.
    pub kind: Kind,
}

/// Orders of one seat, the payments that may be made for them, and what may go wrong.
///
/// Order 1 can be placed once order 0 is cancelled, and its time is over one phase later.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// One or two.
    pub orders: u8,
    /// One or two.
    pub payments: &'static [Plan],
    /// Whether an order may have two payments under way at once, as nothing in the contract of the events forbids.
    pub two_live: bool,
    /// How many crashes, lost answers, paused settlers and repeated events there are; any number if `None`.
    ///
    /// Where they are counted, publishing is one step with the commit, but for `payment:created`: it shows the same.
    pub faults: Option<u8>,
}

impl Scope {
    /// The payments with their plans.
    pub(crate) fn plans(&self) -> impl Iterator<Item = (u8, Plan)> + use<> {
        (0..).zip(self.payments.iter().copied())
    }

    /// The payments of an order.
    pub(crate) fn payments_of(&self, order: u8) -> impl Iterator<Item = u8> + use<> {
        self.plans().filter(move |(_, plan)| plan.order == order).map(|(payment, _)| payment)
    }

    /// The order that a payment is for.
    pub(crate) fn order_of(&self, payment: u8) -> u8 {
        self.payments[usize::from(payment)].order
    }

    /// How a payment is made.
    pub(crate) fn kind_of(&self, payment: u8) -> Kind {
        self.payments[usize::from(payment)].kind
    }
}
