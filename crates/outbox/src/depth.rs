//! How much waits in the outbox: as metrics, and for who asks.

use chrono::{DateTime, Utc};
use common::internal::{OutboxState, ToldAgain};
use metrics::gauge;
use postgres::Database;

/// Before every position.
const START: i64 = i64::MIN;

/// What waits in the outbox.
///
/// # Errors
/// What Postgres answers.
pub async fn state(database: &Database) -> sqlx::Result<OutboxState> {
    postgres::retry_conflicts(|| async {
        let (depth, set_aside, oldest_s) = look(database, START).await?;
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        // A clock of Postgres that was set back makes no age below zero.
        let oldest_age_ms = (oldest_s.max(0.0) * 1_000.0) as u64;
        let told_again = told_again(database).await?;
        Ok(OutboxState { depth: count(depth), set_aside: count(set_aside), oldest_age_ms, told_again })
    })
    .await
}

/// Reads the outbox behind a position up to which it is empty, and sets `outbox_depth` (rows), `outbox_set_aside` (those of
/// them that the broker has refused) and `outbox_oldest_age_seconds` (0 when empty).
pub(crate) async fn measure(database: &Database, floor: i64) -> sqlx::Result<()> {
    let (depth, set_aside, oldest_s) = look(database, floor).await?;
    gauge!("outbox_depth").set(depth as f64);
    gauge!("outbox_set_aside").set(set_aside as f64);
    gauge!("outbox_oldest_age_seconds").set(oldest_s);
    Ok(())
}

/// Rows, those of them that the broker has refused, and the age of the oldest in seconds.
async fn look(database: &Database, floor: i64) -> sqlx::Result<(i64, i64, f64)> {
    let mut connection = database.connection().await?;
    let found = sqlx::query_as(
        "select count(*), count(*) filter (where failures > 0),
                coalesce(extract(epoch from now() - min(created_at)), 0)::float8
         from outbox where position > $1",
    );
    let found = found.bind(floor).fetch_one(&mut *connection).await?;
    connection.release();
    Ok(found)
}

/// The last time that something was told again because the broker had lost it or a listener had missed it.
async fn told_again(database: &Database) -> sqlx::Result<Option<ToldAgain>> {
    let mut connection = database.connection().await?;
    let found: Option<(DateTime<Utc>, DateTime<Utc>, i64, i64)> = sqlx::query_as(
        "select at, since, events, (select count(*) from outbox_told_again where cause <> 'asked')
         from outbox_told_again where cause <> 'asked' order by id desc limit 1",
    )
    .fetch_optional(&mut *connection)
    .await?;
    connection.release();
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    Ok(found.map(|(at, since, events, losses)| ToldAgain {
        at: at.into(),
        events: count(events),
        since: since.into(),
        losses: count(losses),
    }))
}
