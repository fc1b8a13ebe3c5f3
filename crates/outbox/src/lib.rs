//! The transactional outbox and its relay, once, for every service with Postgres, and the way such a service speaks
//! to its database.
//!
//! A service commits its change and the event that tells of it in one transaction ([`enqueue()`], or SQL of its own
//! that inserts into `outbox`), so one is never there without the other (I5). The [`Relay`] publishes what is in
//! the table and deletes exactly what the broker has acknowledged. A crash between the two publishes an event
//! again, with the same id. No order between events is promised.

mod config;
mod database;
mod depth;
mod enqueue;
mod failure;
mod lifecycle;
mod migration;
mod relay;
pub mod row;
mod wake;

pub use config::database_url;
pub use database::{Connection, Database, OPERATION_LIMIT, run};
pub use enqueue::{enqueue, enqueue_all};
pub use failure::{Failure, batch_error};
pub use lifecycle::{open, spawn_relay};
pub use migration::{SCHEMA, migrate};
pub use relay::{BATCH, Pass, Relay};
pub use wake::Wake;
