//! The end of tombstones.

use std::time::Duration;

use super::Store;

impl Store {
    /// Removes up to `limit` tombstones that are older than `age` (in whole milliseconds), and says how many. Those that
    /// someone else is removing are left to them.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn forget_cancelled(&self, age: Duration, limit: i64) -> sqlx::Result<u64> {
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let removed = sqlx::query(
                "delete from cancelled_orders where order_id in (
                   select order_id from cancelled_orders
                   where cancelled_at < now() - $1 * interval '1 millisecond'
                   limit $2 for update skip locked)",
            );
            let removed = removed.bind(age.as_millis() as i64).bind(limit).execute(&mut *connection).await?;
            connection.release();
            Ok(removed.rows_affected())
        })
        .await
    }
}
