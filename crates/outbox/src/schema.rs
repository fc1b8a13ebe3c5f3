//! The table of the outbox.

use std::borrow::Cow;

use sqlx::migrate::Migrator;

/// The outbox table's own migrations, with a ledger of their own beside the service's: neither has to know which
/// versions the other has taken.
pub static SCHEMA: Migrator = Migrator {
    table_name: Cow::Borrowed("outbox_migrations"),
    ignore_missing: true,
    ..sqlx::migrate!("./migrations")
};
