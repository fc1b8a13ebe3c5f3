//! What every service of the fleet shares: the event contracts, the messaging kit and the process kit.
//!
//! No SQL, no Redis and no business rules live here.

pub mod clock;
pub mod event;
pub mod messaging;
pub mod process;
pub mod traceparent;
