//! The orders in Postgres: the only code of this service that speaks SQL.
//!
//! Each verb is one transaction that may be run again whole, because the answer to a COMMIT can be lost. Statements
//! that touch several rows lock them in id order. A verb that put something into the outbox rings for the relay.

mod answer;
mod cancel;
mod copy;
mod expire;
mod extend;
mod find;
mod history;
mod hold;
mod known;
mod migrate;
mod owed;
mod pay;
mod place;
mod retell;
mod row;
mod settle;

pub use cancel::CancelError;
pub use expire::Fired;
pub use extend::Extended;
pub use migrate::SCHEMA;
pub use owed::Closed;
pub use place::{Placed, Placement};
pub use retell::RETELLING;

use common::event::SettledOutcome;
use outbox::Wake;
use postgres::Database;
use process::telemetry::{begin_at_zero, begin_each_at_zero};

/// The orders of this service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
    wake: Wake,
}

impl Store {
    /// A store in `database`, that rings `wake` after each commit that put something into the outbox.
    pub fn new(database: Database, wake: Wake) -> Self {
        begin_at_zero("orders_placed_total");
        begin_at_zero("orders_completed_total");
        begin_each_at_zero("orders_cancelled_total", "reason", &["buyer", "expired", "operator"]);
        begin_at_zero("orders_extended_total");
        begin_at_zero("orders_payments_closed_total");
        begin_each_at_zero("orders_payments_rejected_total", "reason", &["cancelled", "paid", "unknown"]);
        begin_at_zero("orders_payments_answered_again_total");
        begin_each_at_zero(
            "orders_payments_settled_total",
            "outcome",
            &SettledOutcome::ALL.map(SettledOutcome::as_str),
        );
        begin_at_zero("orders_payments_settled_wrongly_total");
        let answers = ["cancelled", "settled", "early", "waiting", "contended", "unknown"];
        begin_each_at_zero("orders_expirations_total", "answer", &answers);
        Self { database, wake }
    }
}
