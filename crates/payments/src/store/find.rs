//! Reading payments.

use common::event::Id;

use super::{
    OrderRefusal, Store,
    row::{PaymentRow, select_payments},
};
use crate::payment::Payment;

/// An open page that is looked up again in less than this was looked up some seconds ago. The settler does so every
/// [`super::status::LOOK_UP_S`].
const LOOKED_UP_LATELY_S: f64 = super::status::LOOK_UP_S - 5.0;

impl Store {
    /// The payment with this id.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn find(&self, payment: &Id) -> sqlx::Result<Option<Payment>> {
        let row: Option<PaymentRow> = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let row = sqlx::query_as(select_payments!("where id = $1"));
            let row = row.bind(payment.as_str()).fetch_optional(&mut *connection).await?;
            connection.release();
            Ok(row)
        })
        .await?;
        row.map(Payment::try_from).transpose()
    }

    /// The payments of an order of this user's, the oldest first. The outer error is Postgres', the inner one the rules'.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn payments_of(
        &self,
        order: &Id,
        user: &Id,
    ) -> sqlx::Result<Result<Vec<Payment>, OrderRefusal>> {
        let (buyer, rows): (Option<String>, Vec<PaymentRow>) = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let buyer =
                sqlx::query_scalar("select user_id from orders where id = $1 and user_id is not null");
            let buyer: Option<String> = buyer.bind(order.as_str()).fetch_optional(&mut *connection).await?;
            let rows =
                sqlx::query_as(select_payments!("where order_id = $1 order by created_at, id limit 100"));
            let rows = rows.bind(order.as_str()).fetch_all(&mut *connection).await?;
            connection.release();
            Ok((buyer, rows))
        })
        .await?;
        match buyer {
            None => Ok(Err(OrderRefusal::UnknownOrder)),
            Some(buyer) if buyer != user.as_str() => Ok(Err(OrderRefusal::NotTheBuyers)),
            Some(_) => rows.into_iter().map(Payment::try_from).collect::<sqlx::Result<_>>().map(Ok),
        }
    }

    /// Has the page of an order looked up soon, because its buyer asks: he may have paid, and the webhook be lost. One that the settler
    /// has in hand is left to it, or each question would be a call of the provider.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn look_up_soon(&self, order: &Id) -> sqlx::Result<()> {
        let touched = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let touched = sqlx::query(
                "update payments set due_at = now()
                 where order_id = $1 and status = 'open' and due_at > now() + interval '5 seconds' and due_at < now() + $2 * interval '1 second'",
            );
            let touched = touched.bind(order.as_str()).bind(LOOKED_UP_LATELY_S).execute(&mut *connection).await?;
            connection.release();
            Ok(touched.rows_affected())
        })
        .await?;
        if touched > 0 {
            self.due.ring();
        }
        Ok(())
    }
}
