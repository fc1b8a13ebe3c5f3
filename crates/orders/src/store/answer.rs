//! Decisions that are told again, to whoever tells again that a payment is there.

use common::{
    event::{CompletedTicket, OrderCompleted, PaymentCreated, PaymentRejected},
    traceparent::Traceparent,
};
use metrics::counter;
use outbox::enqueue_all;
use sqlx::PgConnection;
use tracing::warn;

use super::{Store, row};

#[derive(Debug, sqlx::FromRow)]
struct CompletedRow {
    id: String,
    version: i64,
    payment_id: String,
    ticket_id: String,
    traceparent: Option<String>,
}

#[derive(Debug, sqlx::FromRow)]
struct RejectedRow {
    payment_id: String,
    order_id: String,
    stripe_id: String,
    reason: String,
    traceparent: Option<String>,
}

impl Store {
    /// Puts what was decided about these payments into the outbox again, for those whose money is not known to be settled. Answers
    /// how many those are.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn answer_again(&self, payments: &[&PaymentCreated]) -> sqlx::Result<usize> {
        let answered = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let completed = completed(&mut transaction, payments).await?;
            let rejected = rejected(&mut transaction, payments).await?;
            enqueue_all(&mut transaction, &completed).await?;
            enqueue_all(&mut transaction, &rejected).await?;
            transaction.commit().await?;
            let completed = completed.into_iter().map(|(event, _)| (event.payment_id, event.id));
            let rejected = rejected.into_iter().map(|(event, _)| (event.id, event.order_id));
            Ok(completed.chain(rejected).collect::<Vec<_>>())
        })
        .await?;
        if !answered.is_empty() {
            self.wake.ring();
        }
        counter!("orders_payments_answered_again_total").increment(answered.len() as u64);
        for (payment, order) in &answered {
            warn!(
                order = %order, payment = %payment,
                "payment {payment} for order {order} was told again, so the decision about it was lost on the way, or is late: it is told again"
            );
        }
        Ok(answered.len())
    }
}

async fn completed(
    connection: &mut PgConnection,
    payments: &[&PaymentCreated],
) -> sqlx::Result<Vec<(OrderCompleted, Option<Traceparent>)>> {
    let orders: Vec<&str> = payments.iter().map(|payment| payment.order_id.as_str()).collect();
    let ids: Vec<&str> = payments.iter().map(|payment| payment.id.as_str()).collect();
    let rows: Vec<CompletedRow> = sqlx::query_as(
        "select id, version, payment_id, ticket_id, traceparent from orders
         where id = any($1) and payment_id = any($2) and status = 'complete' and payment_outcome is null
         order by id",
    )
    .bind(orders)
    .bind(ids)
    .fetch_all(connection)
    .await?;
    let event = |it: CompletedRow| {
        let event = OrderCompleted {
            id: row::id(it.id)?,
            version: row::version(it.version)?,
            payment_id: row::id(it.payment_id)?,
            ticket: CompletedTicket { id: row::id(it.ticket_id)? },
        };
        Ok((event, it.traceparent.and_then(|text| text.parse().ok())))
    };
    rows.into_iter().map(event).collect()
}

async fn rejected(
    connection: &mut PgConnection,
    payments: &[&PaymentCreated],
) -> sqlx::Result<Vec<(PaymentRejected, Option<Traceparent>)>> {
    let ids: Vec<&str> = payments.iter().map(|payment| payment.id.as_str()).collect();
    let rows: Vec<RejectedRow> = sqlx::query_as(
        "select r.payment_id, r.order_id, r.stripe_id, r.reason, o.traceparent
         from rejected_payments r left join orders o on o.id = r.order_id
         where r.payment_id = any($1) and r.settled_at is null
         order by r.payment_id",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    let event = |it: RejectedRow| {
        let (id, order_id) = (row::id(it.payment_id)?, row::id(it.order_id)?);
        let event = PaymentRejected { id, order_id, stripe_id: it.stripe_id, reason: it.reason };
        Ok((event, it.traceparent.and_then(|text| text.parse().ok())))
    };
    rows.into_iter().map(event).collect()
}
