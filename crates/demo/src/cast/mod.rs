//! Those who take part and are no service of ours: people at their browsers, an operator, and `payments`.

mod browser;
mod operator;
mod payments;
mod person;

pub(super) use browser::{Answer, Browser};
pub(super) use operator::{FLEET, Operator};
pub(super) use payments::Payments;
pub(super) use person::{Person, Seat, SignedUp};
