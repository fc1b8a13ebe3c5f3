//! Schema changes, applied at start.

use anyhow::Context as _;
use sqlx::{Connection as _, migrate::Migrator};

use crate::Database;

/// Applies what is missing of each migrator, in their order, under an advisory lock that the replicas of a service
/// queue for.
///
/// Set `ignore_missing` on a migrator: a newer version that ran before, or runs beside this one, may have added
/// migrations that this one does not know.
///
/// # Errors
/// When Postgres is away or refuses. Nothing of a failed migration stays: call again.
pub async fn migrate(database: &Database, migrators: &[&Migrator]) -> anyhow::Result<()> {
    let mut connection = database.unlimited().await.context("connect to migrate the schema")?;
    for migrator in migrators {
        migrator.run(&mut connection).await.context("migrate the schema")?;
    }
    // On an error the connection is dropped instead, and with it the session that holds the lock.
    let _ = connection.close().await;
    Ok(())
}
