//! What the settler has to look at, and when again.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Store, row::PaymentRow};
use crate::payment::Payment;

impl Store {
    /// Takes up to `limit` payments that are due and that nobody else has taken, for as long as the lease lasts: one that is not
    /// done by then, because its process died, is simply due again.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn claim_due(&self, limit: usize, lease: Duration) -> sqlx::Result<Vec<Payment>> {
        let rows: Vec<PaymentRow> = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let rows = sqlx::query_as(
                "with due as materialized (
                   select id from payments where due_at <= now() order by due_at limit $1 for update skip locked
                 )
                 update payments p
                 set due_at = now() + $2 * interval '1 millisecond', attempts = least(p.attempts, 1000000) + 1
                 from due where p.id = due.id
                 returning p.id, p.order_id, p.kind, p.amount, p.currency, p.status, p.decision, p.token, p.stripe_intent,
                           p.stripe_session, p.url, p.reason, p.key_round, p.attempts, p.due_at, p.created_at, p.updated_at,
                           p.traceparent",
            );
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
            let rows = rows.bind(limit).bind(lease_ms).fetch_all(&mut *connection).await?;
            connection.release();
            Ok(rows)
        })
        .await?;
        rows.into_iter().map(Payment::try_from).collect()
    }

    /// Keeps a payment that was claimed for another lease, until the instant that it answers; `None` if something has happened to
    /// it since.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn keep(&self, payment: &Payment, lease: Duration) -> sqlx::Result<Option<DateTime<Utc>>> {
        let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let kept = sqlx::query_scalar(
                "update payments set due_at = now() + $3 * interval '1 millisecond' where id = $1 and due_at = $2
                 returning due_at",
            );
            let kept = kept.bind(payment.id.as_str()).bind(payment.due_at).bind(lease_ms);
            let kept = kept.fetch_optional(&mut *connection).await?;
            connection.release();
            Ok(kept)
        })
        .await
    }

    /// Has a payment that was claimed looked at again after a while; unless something has happened to it since.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn look_again(&self, payment: &Payment, after: Duration) -> sqlx::Result<()> {
        let after_ms = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        self.change(|| {
            sqlx::query(
                "update payments set due_at = now() + $3 * interval '1 millisecond'
                 where id = $1 and due_at = $2",
            )
            .bind(payment.id.as_str())
            .bind(payment.due_at)
            .bind(after_ms)
        })
        .await?;
        Ok(())
    }

    /// Leaves a payment that a request could not bring to an end to the settler.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn hand_over(&self, payment: &Payment) -> sqlx::Result<()> {
        self.change(|| {
            sqlx::query(
                "update payments set due_at = least(due_at, now() + interval '500 milliseconds')
                 where id = $1 and status in ('pending', 'open')",
            )
            .bind(payment.id.as_str())
        })
        .await?;
        Ok(())
    }
}
