//! The scopes that are checked.

use model::money::{Kind, Plan, Scope};

const fn plan(order: u8, kind: Kind) -> Plan {
    Plan { order, kind }
}

/// One order and one payment, with any number of faults.
pub(crate) const fn one(payments: &'static [Plan; 1]) -> Scope {
    Scope { orders: 1, payments, two_live: false, faults: None }
}

pub(crate) const TOKEN: Scope = one(&[plan(0, Kind::Token)]);
pub(crate) const PAGE: Scope = one(&[plan(0, Kind::Page)]);
pub(crate) const CHARGE: Scope = one(&[plan(0, Kind::Charge)]);

/// One order, and a second payment once the first has come to nothing.
pub(crate) const AGAIN: Scope = Scope {
    orders: 1,
    payments: &[plan(0, Kind::Page), plan(0, Kind::Token)],
    two_live: false,
    faults: Some(2),
};

/// One order and two payments at once.
pub(crate) const RIVALS: Scope = Scope {
    orders: 1,
    payments: &[plan(0, Kind::Page), plan(0, Kind::Token)],
    two_live: true,
    faults: Some(2),
};

/// The seat is ordered again, and both buyers pay.
pub(crate) const TWO_BUYERS: Scope = Scope {
    orders: 2,
    payments: &[plan(0, Kind::Token), plan(1, Kind::Token)],
    two_live: false,
    faults: Some(1),
};
