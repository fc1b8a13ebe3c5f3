//! Which orders are ours, and what waits in the outbox: for operators.

use std::collections::HashSet;

use common::event::Id;

use super::{Store, row};

impl Store {
    /// Those of these that are orders of this service, each once and in order.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn known(&self, orders: &[Id]) -> sqlx::Result<Vec<Id>> {
        let ids: Vec<&str> = orders.iter().map(Id::as_str).collect();
        let known: Vec<String> = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let known = sqlx::query_scalar("select id from orders where id = any($1)");
            let known = known.bind(&ids).fetch_all(&mut *connection).await?;
            connection.release();
            Ok(known)
        })
        .await?;
        let mut known = known.into_iter().map(row::id).collect::<sqlx::Result<HashSet<Id>>>()?;
        Ok(orders.iter().filter_map(|order| known.take(order)).collect())
    }
}
