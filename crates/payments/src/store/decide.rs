//! What `orders` has decided against.

use std::collections::BTreeMap;

use common::event::Id;

use super::Store;

/// A payment that `orders` can't take.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// The payment.
    pub payment: Id,
    /// Why, for the buyer.
    pub reason: String,
}

impl Store {
    /// Has the money of rejected payments given back. Answers for each, in order, whether it is one of ours.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn reject(&self, rejections: &[Rejection]) -> sqlx::Result<Vec<bool>> {
        let sorted: BTreeMap<&str, &str> =
            rejections.iter().map(|each| (each.payment.as_str(), each.reason.as_str())).collect();
        let (ids, reasons): (Vec<&str>, Vec<&str>) = sorted.into_iter().unzip();
        let known: Vec<String> = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let known = sqlx::query_scalar(
                "with rejected as (
                   select * from unnest($1::text[], $2::text[]) as rejected (id, reason)
                 ), known as materialized (
                   select p.id from payments p where p.id = any($1) order by p.id for update
                 ), decided as (
                   update payments p
                   set decision = 'release', reason = rejected.reason, due_at = now(), attempts = 0, key_round = 0
                   from rejected
                   where p.id = rejected.id and p.id in (select id from known)
                     and p.status in ('pending', 'open', 'authorised', 'captured') and p.decision is distinct from 'release'
                 )
                 select id from known",
            );
            let known = known.bind(&ids).bind(&reasons).fetch_all(&mut *connection).await?;
            connection.release();
            Ok(known)
        })
        .await?;
        self.due.ring();
        Ok(rejections.iter().map(|each| known.iter().any(|id| id == each.payment.as_str())).collect())
    }
}
