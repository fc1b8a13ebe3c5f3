//! How much waits in the outbox, as metrics.

use metrics::gauge;

use postgres::Database;

/// Reads the outbox behind a position up to which it is empty, and sets `outbox_depth` (rows), `outbox_set_aside` (those of
/// them that the broker has refused) and `outbox_oldest_age_seconds` (0 when empty).
pub(crate) async fn measure(database: &Database, floor: i64) -> sqlx::Result<()> {
    let mut connection = database.connection().await?;
    let (depth, set_aside, oldest): (i64, i64, f64) = sqlx::query_as(
        "select count(*), count(*) filter (where failures > 0),
                coalesce(extract(epoch from now() - min(created_at)), 0)::float8
         from outbox where position > $1",
    )
    .bind(floor)
    .fetch_one(&mut *connection)
    .await?;
    connection.release();
    gauge!("outbox_depth").set(depth as f64);
    gauge!("outbox_set_aside").set(set_aside as f64);
    gauge!("outbox_oldest_age_seconds").set(oldest);
    Ok(())
}
