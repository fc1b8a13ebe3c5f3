//! What became of a payment's money in the end.

use common::{
    event::{PaymentSettled, SettledOutcome},
    traceparent::Traceparent,
};
use metrics::counter;
use outbox::enqueue;
use sqlx::PgConnection;
use tracing::{error, info};

use super::{Store, row, status::Step};
use crate::payment::Payment;

impl Store {
    /// Notes what became of the money of a payment, and puts `payment:settled` into the outbox.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn settle(&self, payment: &Payment, outcome: SettledOutcome) -> sqlx::Result<()> {
        let step = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let step = settle(&mut transaction, payment, outcome).await?;
            transaction.commit().await?;
            Ok(step)
        })
        .await?;
        let Some(Step { order, traceparent }) = step else { return Ok(()) };
        self.wake.ring();
        counter!("payments_settled_total", "outcome" => outcome.as_str()).increment(1);
        let (id, trace_id) = (&payment.id, traceparent.map(|traceparent| traceparent.trace_id()));
        if outcome == SettledOutcome::Failed {
            error!(payment = %id, order = %order, trace_id, intent = payment.intent, "the money of payment {id} can be neither taken nor given back: somebody must look at it at Stripe");
        } else {
            info!(payment = %id, order = %order, trace_id, "payment {id} of order {order} is {outcome}");
        }
        Ok(())
    }

    /// Notes that nothing is left to be done for a payment that was declined or given up.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn lay_to_rest(&self, payment: &Payment) -> sqlx::Result<()> {
        self.change(|| {
            sqlx::query(
                "update payments set decision = null, due_at = null
                 where id = $1 and (status in ('released', 'refunded', 'failed', 'declined', 'closed')
                                    or status = 'captured' and decision is distinct from 'release')",
            )
            .bind(payment.id.as_str())
        })
        .await?;
        Ok(())
    }

    /// Notes that the answer kept under a payment's key has done nothing: the next try has a key of its own.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn renew_key(&self, payment: &Payment) -> sqlx::Result<()> {
        self.change(|| {
            // Only once for each key, whoever else finds out.
            sqlx::query("update payments set key_round = key_round + 1 where id = $1 and key_round = $2")
                .bind(payment.id.as_str())
                .bind(payment.key_round)
        })
        .await?;
        Ok(())
    }
}

async fn settle(
    connection: &mut PgConnection,
    payment: &Payment,
    outcome: SettledOutcome,
) -> sqlx::Result<Option<Step>> {
    let row: Option<(String, String, Option<String>)> = sqlx::query_as(
        "update payments
         -- What was decided meanwhile is still to be done: a rejection that comes behind the capture.
         set status = $2, updated_at = now(), attempts = 0, key_round = 0,
             due_at = case when $2 = 'captured' and decision = 'release' then now() end
         where id = $1 and (status = 'authorised' or status = 'captured' and $2 in ('refunded', 'failed'))
         returning order_id, stripe_intent, traceparent",
    )
    .bind(payment.id.as_str())
    .bind(outcome.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some((order, intent, traceparent)) = row else { return Ok(None) };
    let order = row::id(order)?;
    let traceparent: Option<Traceparent> = traceparent.and_then(|text| text.parse().ok());
    let event =
        PaymentSettled { id: payment.id.clone(), order_id: order.clone(), stripe_id: intent, outcome };
    enqueue(connection, &event, traceparent.as_ref()).await?;
    Ok(Some(Step { order, traceparent }))
}
