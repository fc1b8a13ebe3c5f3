//! What became of the money.

use std::collections::HashSet;

use common::event::{Id, PaymentSettled, SettledOutcome};
use metrics::{counter, gauge};
use tracing::error;

use super::{Store, row};

/// What `settle.sql` answers for a payment.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    payment_id: String,
    /// Whether it completed its order. Null: this service knows nothing of it.
    taken: Option<bool>,
    new: bool,
}

impl Store {
    /// Notes what became of the money of these payments. Answers which of them this service knows; the first outcome of each
    /// stays.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn settle(&self, settled: &[&PaymentSettled]) -> sqlx::Result<HashSet<Id>> {
        let payments: Vec<&str> = settled.iter().map(|event| event.id.as_str()).collect();
        let orders: Vec<&str> = settled.iter().map(|event| event.order_id.as_str()).collect();
        let outcomes: Vec<&str> = settled.iter().map(|event| event.outcome.as_str()).collect();
        let rows: Vec<Row> = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let rows = sqlx::query_as(include_str!("settle.sql"));
            let rows = rows.bind(&payments).bind(&orders).bind(&outcomes).fetch_all(&mut *connection).await?;
            connection.release();
            Ok(rows)
        })
        .await?;
        for event in settled {
            let of_it = |row: &&Row| row.payment_id == event.id.as_str();
            if let Some(Row { taken: Some(taken), new: true, .. }) = rows.iter().find(of_it) {
                record(event, *taken);
            }
        }
        let known = rows.into_iter().filter(|row| row.taken.is_some());
        known.map(|row| row::id(row.payment_id)).collect()
    }

    /// Counts the rejected payments that are not settled, and how long the oldest of them waits, as the gauges
    /// `orders_payments_unsettled` and `orders_payments_unsettled_oldest_age_seconds`. Called now and then.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn measure_unsettled(&self) -> sqlx::Result<()> {
        let (open, oldest): (i64, f64) = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let measured = sqlx::query_as(
                "select count(*), coalesce(extract(epoch from now() - min(rejected_at)), 0)::float8
                 from rejected_payments where settled_at is null",
            );
            let measured = measured.fetch_one(&mut *connection).await?;
            connection.release();
            Ok(measured)
        })
        .await?;
        gauge!("orders_payments_unsettled").set(open as f64);
        gauge!("orders_payments_unsettled_oldest_age_seconds").set(oldest);
        Ok(())
    }
}

fn record(event: &PaymentSettled, taken: bool) {
    let PaymentSettled { id, order_id, stripe_id, outcome } = event;
    counter!("orders_payments_settled_total", "outcome" => outcome.as_str()).increment(1);
    let as_decided = match outcome {
        SettledOutcome::Captured => taken,
        SettledOutcome::Released | SettledOutcome::Refunded => !taken,
        SettledOutcome::Failed => false,
    };
    if !as_decided {
        counter!("orders_payments_settled_wrongly_total").increment(1);
        let decided = if taken { "the order is complete by it" } else { "it was rejected" };
        error!(
            order = %order_id, payment = %id,
            "payment {id} for order {order_id} is {outcome}, although {decided}: somebody must look at {stripe_id:?} at \
             Stripe"
        );
    }
}
