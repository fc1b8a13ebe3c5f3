//! How much money waits for its end.

use super::Store;

/// Payments whose money is held, or may be, or that something is still to be done with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Unsettled {
    /// How many.
    pub count: i64,
    /// Since when the oldest of them has not changed, in seconds; 0 when there are none.
    pub oldest_s: f64,
}

impl Store {
    /// Counts what is not settled. A page that waits for its buyer is not counted: no money is held.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn unsettled(&self) -> sqlx::Result<Unsettled> {
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let (count, oldest_s) = sqlx::query_as(
                "select count(*), coalesce(extract(epoch from now() - min(updated_at)), 0)::float8 from payments
                 where due_at is not null and (status in ('pending', 'authorised') or decision is not null)",
            )
            .fetch_one(&mut *connection)
            .await?;
            connection.release();
            Ok(Unsettled { count, oldest_s })
        })
        .await
    }
}
