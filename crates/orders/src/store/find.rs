//! Reading orders.

use common::event::Id;

use super::{Store, row::OrderRow};
use crate::order::Order;

impl Store {
    /// The order with this id, whoever's it is.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn find(&self, order: &Id) -> sqlx::Result<Option<Order>> {
        let row: Option<OrderRow> = outbox::run(|| async {
            let mut connection = self.database.connection().await?;
            let row = sqlx::query_as(
                "select o.id, o.version, o.status, o.user_id, o.expires_at,
                        t.id as ticket_id, t.version as ticket_version, t.title, t.price
                 from orders o join tickets t on t.id = o.ticket_id
                 where o.id = $1",
            );
            let row = row.bind(order.as_str()).fetch_optional(&mut *connection).await?;
            connection.release();
            Ok(row)
        })
        .await?;
        row.map(Order::try_from).transpose()
    }

    /// A buyer's orders of every status, the newest first.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn orders_of(&self, user: &Id) -> sqlx::Result<Vec<Order>> {
        let rows: Vec<OrderRow> = outbox::run(|| async {
            let mut connection = self.database.connection().await?;
            let rows = sqlx::query_as(
                "select o.id, o.version, o.status, o.user_id, o.expires_at,
                        t.id as ticket_id, t.version as ticket_version, t.title, t.price
                 from orders o join tickets t on t.id = o.ticket_id
                 where o.user_id = $1 order by o.created_at desc, o.id",
            );
            let rows = rows.bind(user.as_str()).fetch_all(&mut *connection).await?;
            connection.release();
            Ok(rows)
        })
        .await?;
        rows.into_iter().map(Order::try_from).collect()
    }
}
