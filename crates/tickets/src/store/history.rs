//! What is known of an order's seat, for operators.

use chrono::{DateTime, Utc};
use common::{event::Id, internal::SeatHistory};
use postgres::row;

use super::Store;

impl Store {
    /// When an order's cancellation came, and who holds `ticket` now; of what is not known, nothing.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn seat_of(&self, order: &Id, ticket: Option<&Id>) -> sqlx::Result<SeatHistory> {
        let (cancelled_at, holder): (Option<DateTime<Utc>>, Option<String>) =
            postgres::retry_conflicts(|| async {
                let mut connection = self.database.connection().await?;
                let found = sqlx::query_as(
                    "select (select cancelled_at from cancelled_orders where order_id = $1),
                        (select order_id from tickets where id = $2)",
                );
                let found = found.bind(order.as_str()).bind(ticket.map(Id::as_str));
                let found = found.fetch_one(&mut *connection).await?;
                connection.release();
                Ok(found)
            })
            .await?;
        let held_by = holder.map(row::id).transpose()?;
        Ok(SeatHistory { cancelled_at: cancelled_at.map(Into::into), held_by })
    }
}
