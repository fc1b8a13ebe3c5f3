//! More time for orders.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use common::event::{Id, Timestamp};

use super::Store;

/// An order that operators have given more time.
#[derive(Clone, Debug)]
pub struct ExtendedOrder {
    /// The order.
    pub id: Id,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
}

impl Store {
    /// Lets orders be paid until the latest instant that was ever told, also those whose `order:created` is still to come. What is
    /// paid or cancelled stays so.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn extend_orders(&self, orders: &[ExtendedOrder]) -> sqlx::Result<()> {
        // One statement must not meet the same row twice.
        let mut latest: BTreeMap<&Id, Timestamp> = BTreeMap::new();
        for order in orders {
            let known = latest.entry(&order.id).or_insert(order.expires_at);
            *known = (*known).max(order.expires_at);
        }
        let ids: Vec<&str> = latest.keys().map(|id| id.as_str()).collect();
        let ends: Vec<DateTime<Utc>> = latest.values().map(|end| (*end).into()).collect();
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let extended = sqlx::query(
                "insert into orders as o (id, version, status, extended_to)
                 select id, 0, 'created', extended_to
                 from unnest($1::text[], $2::timestamptz[]) as extended (id, extended_to)
                 on conflict (id) do update set extended_to = excluded.extended_to
                 where o.extended_to is null or o.extended_to < excluded.extended_to",
            );
            extended.bind(&ids).bind(&ends).execute(&mut *connection).await?;
            connection.release();
            Ok(())
        })
        .await
    }
}
