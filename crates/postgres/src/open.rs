//! What every service with Postgres does at its start: apply the schema, and watch the server from then on.

use std::time::Duration;

use process::Process;
use sqlx::migrate::Migrator;
use tracing::warn;

use crate::{Database, migrate, sessions::check_sessions, watch::Watch};

/// How often readiness is checked, and a migration tried again.
const INTERVAL: Duration = Duration::from_secs(1);
/// Every wait of a loop that speaks to Postgres ends sooner.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// Applies the schema, however long it takes until Postgres is there, and from then on keeps the readiness of
/// `postgres` and of `postgres for writing`. Called by `main` after the probes answer and before the loops start.
pub async fn open(process: &Process, database: &Database, migrators: &[&Migrator]) {
    let mut watch = Watch::new(database.clone(), process.health());
    migrate_until_done(database, migrators, &mut watch).await;
    let heartbeat = process.health().register_loop("postgres readiness", LONGEST_SILENCE);
    let stopping = process.stopping();
    process.spawn("postgres readiness", async move {
        let looks = async {
            loop {
                heartbeat.beat();
                watch.look().await;
                tokio::time::sleep(INTERVAL).await;
            }
        };
        stopping.run_until_cancelled(looks).await;
        Ok(())
    });
}

async fn migrate_until_done(database: &Database, migrators: &[&Migrator], watch: &mut Watch) {
    let mut warned = false;
    while let Err(error) = prepare(database, migrators).await {
        if !warned {
            warn!("the schema waits for Postgres: {error:#}");
            warned = true;
        }
        watch.not_yet(format!("schema not applied: {error:#}")).await;
        tokio::time::sleep(INTERVAL).await;
    }
    watch.look().await;
}

async fn prepare(database: &Database, migrators: &[&Migrator]) -> anyhow::Result<()> {
    check_sessions(database).await?;
    migrate(database, migrators).await
}
