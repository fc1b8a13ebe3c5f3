//! Those who take part and are no service of ours: people at their browsers, and `payments`.

mod browser;
mod payments;
mod person;

pub(super) use browser::{Answer, Browser};
pub(super) use payments::Payments;
pub(super) use person::{Person, Seat, SignedUp};
