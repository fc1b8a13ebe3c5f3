//! What comes in from the other services. A handler turns events into one verb of the store and the verb's answers
//! into outcomes; it never acks and never publishes.

mod expiration_complete;
mod payment_created;
mod payment_settled;
mod ticket;

pub use expiration_complete::OnExpirationComplete;
pub use payment_created::OnPaymentCreated;
pub use payment_settled::OnPaymentSettled;
pub use ticket::{OnTicketCreated, OnTicketUpdated};

/// Retries for an event about an order that is not there. Ours commits an order before it tells of it, so one that
/// stays unknown never was.
const UNKNOWN_ORDER_RETRIES: u32 = 5;
