//! What Postgres can refuse.

use anyhow::{Context, Result, ensure};
use sqlx::{Connection as _, PgConnection};

use super::{Fault, turn::running};

/// Every connection is taken, and those of the services are sent away.
pub(super) async fn no_connections(fault: &Fault<'_>) -> Result<()> {
    let databases = &fault.world.servers.databases;
    running(|| Ok(databases.primary())).await?;
    let postgres = databases.primary();
    let occupied = postgres.occupy().await?;
    let refused = PgConnection::connect(&postgres.url()).await.err();
    if let Some(refused) = &refused {
        fault.in_force(format!(
            "{} connections are taken, and one more is refused: {refused}",
            occupied.count()
        ));
        fault.last().await;
    }
    drop(occupied);
    ensure!(refused.is_some(), "one more connection was taken");
    Ok(())
}

/// The primary is gone, and for a while the standby only reads.
pub(super) async fn fail_over(fault: &Fault<'_>) -> Result<()> {
    let pair = fault.world.servers.databases.pair()?;
    running(|| Ok(pair.primary())).await?;
    pair.fail_over_to_read_only().await?;
    let read_only = reads_only(&pair.url()).await;
    if read_only.as_ref().is_ok_and(|yes| *yes) {
        fault.in_force("clients are led to a standby that refuses what they write");
    }
    fault.last().await;
    pair.promote().await?;
    ensure!(read_only?, "the standby took writes");
    Ok(())
}

/// What it says to a table that needs room, if it refuses it.
pub(super) async fn refuses_to_grow(fault: &Fault<'_>) -> Option<String> {
    let url = fault.world.servers.databases.primary().url();
    let mut session = PgConnection::connect(&url).await.ok()?;
    let grown = sqlx::query(
        "create temporary table filler as select repeat('x', 1000) from generate_series(1, 1000)",
    );
    grown.execute(&mut session).await.err().map(|error| error.to_string())
}

async fn reads_only(url: &str) -> Result<bool> {
    let mut session = PgConnection::connect(url).await.context("connect to the standby")?;
    Ok(sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(&mut session).await?)
}
