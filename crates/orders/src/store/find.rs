//! Reading orders.

use common::event::Id;

use super::{Store, row::OrderRow};
use crate::order::Order;

/// An order with its ticket as it was placed, for `where` and `order by`.
macro_rules! order_with_ticket {
    ($rest:literal) => {
        concat!(
            "select o.id, o.version, o.status, o.user_id, o.expires_at, o.ticket_id,
                    coalesce(o.ticket_version, t.version) as ticket_version,
                    coalesce(o.title, t.title) as title, coalesce(o.price, t.price) as price,
                    case when o.status = 'complete' then coalesce(o.payment_outcome, 'accepted')
                         else (select coalesce(r.outcome, 'rejected') from rejected_payments r
                               where r.order_id = o.id order by r.rejected_at desc limit 1)
                    end as money
             from orders o join tickets t on t.id = o.ticket_id ",
            $rest
        )
    };
}

impl Store {
    /// The order with this id, no matter whose it is.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn find(&self, order: &Id) -> sqlx::Result<Option<Order>> {
        let row: Option<OrderRow> = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let row = sqlx::query_as(order_with_ticket!("where o.id = $1"));
            let row = row.bind(order.as_str()).fetch_optional(&mut *connection).await?;
            connection.release();
            Ok(row)
        })
        .await?;
        row.map(Order::try_from).transpose()
    }

    /// The order by which this buyer holds the ticket, paid or not; or rather, if it exists, the one with this id,
    /// whatever became of it.
    ///
    /// # Errors
    /// What Postgres answers.
    pub(super) async fn own_order(&self, order: &Id, ticket: &Id, user: &Id) -> sqlx::Result<Option<Order>> {
        let row: Option<OrderRow> = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            // The status is that of a unique index: there are two rows at most.
            let row = sqlx::query_as(order_with_ticket!(
                "where o.id = $1 or (o.ticket_id = $2 and o.user_id = $3 and o.status <> 'cancelled')
                 order by o.id = $1 desc limit 1"
            ));
            let row = row.bind(order.as_str()).bind(ticket.as_str()).bind(user.as_str());
            let row = row.fetch_optional(&mut *connection).await?;
            connection.release();
            Ok(row)
        })
        .await?;
        row.map(Order::try_from).transpose()
    }

    /// A buyer's orders of every status, the oldest first: those behind the order `after`, at most `limit`. `None` if
    /// the buyer has no order `after`.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn orders_of(
        &self,
        user: &Id,
        after: Option<&Id>,
        limit: i64,
    ) -> sqlx::Result<Option<Vec<Order>>> {
        let (rows, known): (Vec<OrderRow>, bool) = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let rows = sqlx::query_as(order_with_ticket!(
                "where o.user_id = $1 and (o.created_at, o.id) > (
                   case when $2::text is null then '-infinity'
                        else (select created_at from orders where id = $2 and user_id = $1) end,
                   coalesce($2, '')
                 )
                 order by o.created_at, o.id limit $3"
            ));
            let after_text = after.map(Id::as_str);
            let rows: Vec<OrderRow> =
                rows.bind(user.as_str()).bind(after_text).bind(limit).fetch_all(&mut *connection).await?;
            // Behind an unknown order is nothing; only then it is worth another question.
            let known = rows.is_empty().then_some(after_text).flatten();
            let known = match known {
                None => true,
                Some(after) => {
                    sqlx::query_scalar("select exists (select from orders where id = $1 and user_id = $2)")
                        .bind(after)
                        .bind(user.as_str())
                        .fetch_one(&mut *connection)
                        .await?
                }
            };
            connection.release();
            Ok((rows, known))
        })
        .await?;
        if !known {
            return Ok(None);
        }
        rows.into_iter().map(Order::try_from).collect::<sqlx::Result<_>>().map(Some)
    }
}
