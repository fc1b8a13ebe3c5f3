//! The payments and the copy of the orders in Postgres: the only code of this service that speaks SQL.
//!
//! Each verb is one transaction that may be run again whole, because the answer to a COMMIT can be lost. Statements that
//! touch several rows lock them in id order, an order before its payments. A verb that put something into the outbox rings for
//! the relay, and one that left something to be done rings for the settler.

mod begin;
mod claim;
mod decide;
mod events;
mod extend;
mod find;
mod history;
mod measure;
mod migrate;
mod orders;
mod retell;
mod row;
mod settle;
mod status;

pub use begin::{Begun, OrderRefusal, Wish};
pub use decide::Rejection;
pub use events::{Told, Webhook};
pub use extend::ExtendedOrder;
pub use measure::Unsettled;
pub use migrate::SCHEMA;
pub use orders::{CancelledOrder, CompletedOrder, CreatedOrder};
pub use retell::RETELLING;

use outbox::Wake;
use postgres::Database;
use process::telemetry::{begin_at_zero, begin_each_at_zero};

/// The payments of this service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
    wake: Wake,
    due: Wake,
}

impl Store {
    /// A store in `database`, that rings `wake` after each commit that put something into the outbox, and `due` after each that
    /// left the settler something to do.
    pub fn new(database: Database, wake: Wake, due: Wake) -> Self {
        begin_at_zero("payments_authorised_total");
        begin_at_zero("payments_told_again_total");
        begin_at_zero("payments_declined_total");
        begin_each_at_zero(
            "payments_settled_total",
            "outcome",
            &["captured", "released", "refunded", "failed"],
        );
        Self { database, wake, due }
    }
}
