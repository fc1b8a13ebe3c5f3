//! What comes in from the other services. A handler turns events into one verb of the store and the verb's answers
//! into outcomes; it never acks and never publishes.

mod order_cancelled;
mod order_created;

pub use order_cancelled::OnOrderCancelled;
pub use order_created::OnOrderCreated;
