//! Until when the sweeper is held.

use chrono::{DateTime, Utc};

use super::Store;

impl Store {
    /// Until when the sweeper leaves overdue orders alone; `None`: it sweeps.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn sweeper_hold(&self) -> sqlx::Result<Option<DateTime<Utc>>> {
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let held = sqlx::query_scalar("select held_until from sweeper_hold where held_until > now()");
            let held = held.fetch_optional(&mut *connection).await?;
            connection.release();
            Ok(held)
        })
        .await
    }

    /// Holds the sweepers of all processes until then, or no longer.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn hold_sweeper(&self, until: Option<DateTime<Utc>>) -> sqlx::Result<()> {
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            match until {
                Some(until) => {
                    sqlx::query(
                        "insert into sweeper_hold (held_until) values ($1)
                         on conflict (only_row) do update set held_until = excluded.held_until",
                    )
                    .bind(until)
                    .execute(&mut *connection)
                    .await?
                }
                None => sqlx::query("delete from sweeper_hold").execute(&mut *connection).await?,
            };
            connection.release();
            Ok(())
        })
        .await
    }
}
