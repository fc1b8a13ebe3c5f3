//! Message in: what `expiration` does on each event that it listens to.

mod order_cancelled;
mod order_created;

pub use order_cancelled::OrderCancelledHandler;
pub use order_created::OrderCreatedHandler;
