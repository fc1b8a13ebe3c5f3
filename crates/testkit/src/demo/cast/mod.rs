//! Those who are not there yet: the buyers at their browsers, and the services `tickets` and `payments`.

mod buyers;
mod payments;
mod seats;
mod session;
mod tickets;

pub(super) use buyers::Buyers;
pub(super) use payments::Payments;
pub(super) use tickets::Tickets;
