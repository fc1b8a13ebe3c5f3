//! The schema.

use std::borrow::Cow;

use sqlx::migrate::Migrator;

static MIGRATIONS: Migrator = Migrator {
    table_name: Cow::Borrowed("payments_migrations"),
    ignore_missing: true,
    ..sqlx::migrate!("./migrations")
};

/// The schema of this service, for [`postgres::open`].
pub static SCHEMA: [&Migrator; 2] = [&outbox::SCHEMA, &MIGRATIONS];
