//! Whether a connection is one session from its first statement to its last.

use std::time::Duration;

use anyhow::{Context as _, bail};
use sqlx::PgConnection;
use tokio::time::timeout;

use crate::Database;

const LIMIT: Duration = Duration::from_secs(10);

/// Refuses a pooler that lends a server's session for one transaction only: our time limits would be lost or be another
/// client's, and prepared statements would be looked for where nobody has prepared them.
///
/// It shows by the server's process ids: two connections that are open at once have the same, or one has two. Called
/// once, before the schema is applied.
///
/// # Errors
/// Where it does so, and when Postgres is away.
pub(crate) async fn check_sessions(database: &Database) -> anyhow::Result<()> {
    let lasts = timeout(LIMIT, sessions_last(database)).await;
    if lasts.context("Postgres did not answer two connections at once: does a pooler allow only one?")?? {
        return Ok(());
    }
    bail!(
        "DATABASE_URL leads to a pooler in transaction mode, where sessions do not last: set pool_mode = session there, or connect past it"
    );
}

async fn sessions_last(database: &Database) -> anyhow::Result<bool> {
    let mut one = database.unlimited().await.context("connect")?;
    let mut two = database.unlimited().await.context("connect a second time")?;
    let process = server_process(&mut one).await?;
    sqlx::raw_sql("begin").execute(&mut two).await?;
    // The second part only if it has to be: a pooler with one session would have it wait for the transaction.
    let lasts = server_process(&mut two).await? != process && server_process(&mut one).await? == process;
    sqlx::raw_sql("rollback").execute(&mut two).await?;
    Ok(lasts)
}

/// By a simple query: a prepared one may fail behind such a pooler.
async fn server_process(connection: &mut PgConnection) -> anyhow::Result<i32> {
    use sqlx::{Executor as _, Row as _};
    let row = connection.fetch_one(sqlx::raw_sql("select pg_backend_pid()")).await?;
    Ok(row.try_get(0)?)
}
