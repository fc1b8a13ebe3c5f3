//! The copy of the tickets.

use std::collections::BTreeMap;

use common::event::Id;
use rust_decimal::Decimal;

use super::Store;
use crate::order::Ticket;

impl Store {
    /// Applies what is newer than the copy; the rest is a duplicate. Versions may be skipped, because each event
    /// carries the full state. Answers how many were applied.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn apply_tickets(&self, tickets: impl IntoIterator<Item = Ticket>) -> sqlx::Result<u64> {
        // One statement can't update a row twice, and rows are locked in the order in which they come: by id.
        let mut newest: BTreeMap<Id, Ticket> = BTreeMap::new();
        for ticket in tickets {
            match newest.get(&ticket.id) {
                Some(known) if known.version >= ticket.version => {}
                _ => drop(newest.insert(ticket.id.clone(), ticket)),
            }
        }
        let ids: Vec<&str> = newest.keys().map(Id::as_str).collect();
        let versions: Vec<i64> = newest.values().map(|ticket| i64::from(ticket.version)).collect();
        let titles: Vec<&str> = newest.values().map(|ticket| ticket.title.as_str()).collect();
        let prices: Vec<Decimal> = newest.values().map(|ticket| ticket.price.as_decimal()).collect();
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let applied = sqlx::query(
                "insert into tickets (id, version, title, price)
                 select * from unnest($1::text[], $2::bigint[], $3::text[], $4::numeric[])
                 on conflict (id) do update
                 set version = excluded.version, title = excluded.title, price = excluded.price
                 where tickets.version < excluded.version",
            );
            let applied = applied.bind(&ids).bind(&versions).bind(&titles).bind(&prices);
            let applied = applied.execute(&mut *connection).await?;
            connection.release();
            Ok(applied.rows_affected())
        })
        .await
    }
}
