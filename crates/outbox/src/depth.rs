//! How much waits in the outbox, as metrics.

use metrics::gauge;

use postgres::Database;

/// Reads the outbox and sets `outbox_depth` (rows) and `outbox_oldest_age_seconds` (0 when empty).
pub(crate) async fn measure(database: &Database) -> sqlx::Result<()> {
    let mut connection = database.connection().await?;
    let (depth, oldest): (i64, f64) = sqlx::query_as(
        "select count(*), coalesce(extract(epoch from now() - min(created_at)), 0)::float8 from outbox",
    )
    .fetch_one(&mut *connection)
    .await?;
    connection.release();
    gauge!("outbox_depth").set(depth as f64);
    gauge!("outbox_oldest_age_seconds").set(oldest);
    Ok(())
}
