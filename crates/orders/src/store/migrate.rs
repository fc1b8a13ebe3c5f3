//! The schema, and whether the database is of use.

use std::{borrow::Cow, time::Duration};

use common::process::health::{Dependency, Heartbeat};
use sqlx::migrate::Migrator;
use tracing::warn;

use super::Store;

static MIGRATIONS: Migrator = Migrator {
    table_name: Cow::Borrowed("orders_migrations"),
    ignore_missing: true,
    ..sqlx::migrate!("./migrations")
};

/// How often readiness is checked, and a migration tried again.
const INTERVAL: Duration = Duration::from_secs(1);

impl Store {
    /// Applies what is missing of the schema, under an advisory lock that replicas queue for.
    ///
    /// # Errors
    /// When Postgres is away or refuses: call again.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        outbox::migrate(&self.database, &[&outbox::SCHEMA, &MIGRATIONS]).await
    }

    /// Applies the schema, however long it takes until Postgres is there.
    pub async fn migrate_until_done(&self, postgres: &Dependency) {
        let mut warned = false;
        while let Err(error) = self.migrate().await {
            if !warned {
                warn!("the schema waits for Postgres: {error:#}");
                warned = true;
            }
            postgres.set_unready(format!("schema not applied: {error:#}"));
            tokio::time::sleep(INTERVAL).await;
        }
        postgres.set_ready();
    }
}

/// Keeps the readiness of `postgres`. Runs until it is dropped.
pub async fn keep_ready(store: Store, postgres: Dependency, heartbeat: Heartbeat) {
    loop {
        heartbeat.beat();
        match store.database.ping().await {
            Ok(()) => postgres.set_ready(),
            Err(error) => postgres.set_unready(error.to_string()),
        };
        tokio::time::sleep(INTERVAL).await;
    }
}
