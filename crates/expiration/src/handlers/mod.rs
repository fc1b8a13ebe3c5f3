//! Message in: what `expiration` does on each event that it listens to.

mod due;
mod order_cancelled;
mod order_created;
mod order_extended;

pub(crate) use due::due_ms;
pub use order_cancelled::OrderCancelledHandler;
pub use order_created::OrderCreatedHandler;
pub use order_extended::OrderExtendedHandler;
