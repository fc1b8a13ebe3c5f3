//! The transactional outbox and its relay, once, for every service that tells something.
//!
//! A service commits its change and the event that tells of it in one transaction ([`enqueue()`], or SQL of its own
//! that inserts into `outbox`), so one is never there without the other (I5). The [`Relay`] publishes what is in
//! the table and deletes exactly what the broker has acknowledged. A crash between the two publishes an event
//! again, with the same id. An event that the broker refuses is set aside and stops no other. No order between events is
//! promised.

mod consume;
mod depth;
mod enqueue;
mod floor;
mod lifecycle;
mod relay;
mod schema;

pub use consume::batch_error;
pub use depth::state;
pub use enqueue::{enqueue, enqueue_all};
pub use lifecycle::spawn_relay;
pub use process::Wake;
pub use relay::{BATCH, Pass, Relay};
pub use schema::SCHEMA;
