//! The accounts and the attempts in Postgres: the only code of this service that speaks SQL.

mod attempts;
mod users;

pub use attempts::{Attempt, End, Reserved};
pub use users::{Account, Created};

use std::borrow::Cow;

use postgres::Database;
use sqlx::migrate::Migrator;

/// The schema, for `postgres::open`.
pub static MIGRATIONS: Migrator = Migrator {
    table_name: Cow::Borrowed("auth_migrations"),
    ignore_missing: true,
    ..sqlx::migrate!("./migrations")
};

/// What this service keeps. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
}

impl Store {
    /// A store in `database`.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}
