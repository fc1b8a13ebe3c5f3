//! What every service with Postgres does at its start: apply the schema, and watch the server from then on.

use std::time::Duration;

use process::{
    Process,
    health::{Dependency, Needed},
};
use sqlx::migrate::Migrator;
use tracing::warn;

use crate::{Database, migrate};

/// How often readiness is checked, and a migration tried again.
const INTERVAL: Duration = Duration::from_secs(1);
/// Every wait of a loop that speaks to Postgres ends sooner.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// Applies the schema, however long it takes until Postgres is there, and from then on keeps the readiness of
/// `postgres`. Called by `main` after the probes answer and before the loops start.
pub async fn open(process: &Process, database: &Database, migrators: &[&Migrator]) {
    let postgres = process.health().register_dependency("postgres", Needed::Always);
    migrate_until_done(database, migrators, &postgres).await;
    let heartbeat = process.health().register_loop("postgres readiness", LONGEST_SILENCE);
    let (database, stopping) = (database.clone(), process.stopping());
    process.spawn("postgres readiness", async move {
        let watch = async {
            loop {
                heartbeat.beat();
                match database.ping().await {
                    Ok(()) => postgres.set_ready(),
                    Err(error) => postgres.set_unready(error.to_string()),
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        stopping.run_until_cancelled(watch).await;
        Ok(())
    });
}

async fn migrate_until_done(database: &Database, migrators: &[&Migrator], postgres: &Dependency) {
    let mut warned = false;
    while let Err(error) = migrate(database, migrators).await {
        if !warned {
            warn!("the schema waits for Postgres: {error:#}");
            warned = true;
        }
        postgres.set_unready(format!("schema not applied: {error:#}"));
        tokio::time::sleep(INTERVAL).await;
    }
    postgres.set_ready();
}
