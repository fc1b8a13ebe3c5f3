//! What comes in from `orders`. A handler turns events into one verb of the store and the verb's answers into outcomes; it
//! never acks and never publishes.

mod order_cancelled;
mod order_completed;
mod order_created;
mod order_extended;
mod payment_rejected;

pub use order_cancelled::OnOrderCancelled;
pub use order_completed::OnOrderCompleted;
pub use order_created::OnOrderCreated;
pub use order_extended::OnOrderExtended;
pub use payment_rejected::OnPaymentRejected;

use metrics::counter;
use process::telemetry::begin_each_at_zero;

/// Begins the counter of decisions at 0. Called by `main`.
pub fn count_from_zero() {
    begin_each_at_zero("payments_decisions_total", "decision", &["completed", "rejected", "unknown"]);
}

/// Counts decisions about payments that are ours, and those about payments of a service before this one: of those there is nothing
/// here that could be taken or given back.
fn count(decision: &'static str, known: &[bool]) {
    let ours = known.iter().filter(|known| **known).count();
    counter!("payments_decisions_total", "decision" => decision).increment(ours as u64);
    counter!("payments_decisions_total", "decision" => "unknown").increment((known.len() - ours) as u64);
}
