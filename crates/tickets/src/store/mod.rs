//! The tickets in Postgres: the only code of this service that speaks SQL.
//!
//! Each verb is one transaction. Those that handlers call may be run again whole, because the answer to a COMMIT can be
//! lost. Statements that touch several rows lock them in id order. A verb that put something into the outbox rings for
//! the relay.

mod edit;
mod find;
mod forget;
mod history;
mod hold;
mod migrate;
mod retell;
mod row;
mod sell;

pub use edit::{Edit, EditError};
pub use find::{Listing, Which};
pub use hold::OrderTicket;
pub use migrate::SCHEMA;
pub use retell::RETELLING;
pub use sell::Draft;

use outbox::Wake;
use postgres::Database;
use process::telemetry::{begin_at_zero, begin_each_at_zero};

/// The tickets of this service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
    wake: Wake,
}

impl Store {
    /// A store in `database`, that rings `wake` after each commit that put something into the outbox.
    pub fn new(database: Database, wake: Wake) -> Self {
        begin_at_zero("tickets_created_total");
        let answers = ["reserved", "repeated", "cancelled", "held", "unknown"];
        begin_each_at_zero("tickets_reservations_total", "answer", &answers);
        begin_each_at_zero("tickets_releases_total", "answer", &["freed", "not_held"]);
        Self { database, wake }
    }
}
