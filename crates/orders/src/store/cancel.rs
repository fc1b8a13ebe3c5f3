//! Cancelling at once: a buyer's own wish, or an operator's.

use common::{
    event::{CancelledTicket, Id, OrderCancelled},
    traceparent::Traceparent,
};
use metrics::counter;
use outbox::enqueue;
use sqlx::PgConnection;
use tracing::info;

use super::{Store, row};
use crate::order::Cancellation;

/// Why an order is not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// There is no such order.
    #[error("no such order")]
    UnknownOrder,
    /// It is someone else's.
    #[error("not the buyer's order")]
    NotTheBuyers,
    /// What Postgres answers.
    #[error("cancel an order")]
    Database(#[from] sqlx::Error),
}

/// What cancelling needs to know of an order.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    version: i64,
    status: String,
    payment_id: Option<String>,
    user_id: String,
    ticket_id: String,
    traceparent: Option<String>,
}

impl Store {
    /// Cancels an unpaid order on its buyer's behalf and puts `order:cancelled` into the outbox. The answer says what
    /// the rules made of the wish; only [`Cancellation::Cancels`] changed anything.
    ///
    /// # Errors
    /// For an order that the user may not cancel, and what Postgres answers.
    pub async fn cancel(&self, order: &Id, user: &Id) -> Result<Cancellation, CancelError> {
        self.cancel_for(order, Some(user)).await
    }

    /// The same on an operator's behalf, whosever the order is, and however much time it has.
    ///
    /// # Errors
    /// For an order that is not there, and what Postgres answers.
    pub async fn cancel_for_operator(&self, order: &Id) -> Result<Cancellation, CancelError> {
        self.cancel_for(order, None).await
    }

    /// For this buyer, or an operator.
    async fn cancel_for(&self, order: &Id, buyer: Option<&Id>) -> Result<Cancellation, CancelError> {
        let answer = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let answer = cancel(&mut transaction, order, buyer).await?;
            transaction.commit().await?;
            Ok(answer)
        })
        .await?;
        let (cancellation, traceparent) = answer?;
        if cancellation == Cancellation::Cancels {
            self.wake.ring();
            let reason = reason(buyer);
            let who = if buyer.is_some() { "its buyer" } else { "an operator" };
            counter!("orders_cancelled_total", "reason" => reason).increment(1);
            let trace_id = traceparent.map(|traceparent| traceparent.trace_id());
            info!(order = %order, trace_id, "order {order} was cancelled by {who}");
        }
        Ok(cancellation)
    }
}

/// As it stands in the row and in the metric.
const fn reason(buyer: Option<&Id>) -> &'static str {
    if buyer.is_some() { "buyer" } else { "operator" }
}

/// What the rules say, and the order's trace. The outer error is Postgres', the inner one the rules'.
async fn cancel(
    connection: &mut PgConnection,
    order: &Id,
    buyer: Option<&Id>,
) -> sqlx::Result<Result<(Cancellation, Option<Traceparent>), CancelError>> {
    let row: Option<Row> = sqlx::query_as(
        "select version, status, payment_id, user_id, ticket_id, traceparent from orders where id = $1 for update",
    )
    .bind(order.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(Err(CancelError::UnknownOrder)) };
    if buyer.is_some_and(|buyer| buyer.as_str() != row.user_id) {
        return Ok(Err(CancelError::NotTheBuyers));
    }
    let traceparent = row.traceparent.and_then(|text| text.parse().ok());
    let cancellation = row::state(&row.status, row.payment_id)?.cancel();
    if cancellation == Cancellation::Cancels {
        let updated = sqlx::query(
            "update orders set status = 'cancelled', version = version + 1, cancelled_at = now(), cancel_reason = $2
             where id = $1",
        )
        .bind(order.as_str())
        .bind(reason(buyer))
        .execute(&mut *connection)
        .await?;
        row::expect_rows(updated.rows_affected(), 1, "cancelling an order")?;
        let event = OrderCancelled {
            id: order.clone(),
            version: row::version(row.version)? + 1,
            ticket: CancelledTicket { id: row::id(row.ticket_id)? },
        };
        enqueue(connection, &event, traceparent.as_ref()).await?;
    }
    Ok(Ok((cancellation, traceparent)))
}
