//! How a service speaks to its database: the pool and its limits, what an error means, migrations, columns.
//!
//! No SQL of a service and no business rules live here.

mod config;
mod database;
mod failure;
mod hosts;
mod migration;
mod old_rows;
mod open;
pub mod row;
mod sessions;
mod watch;

pub use config::database_url;
pub use database::{Connection, Database, OPERATION_LIMIT, Transaction, retry_conflicts, within};
pub use failure::Failure;
pub use hosts::{Hosts, InvalidHosts};
pub use migration::migrate;
pub use old_rows::{forget_all, spawn_forgetting};
pub use open::open;
