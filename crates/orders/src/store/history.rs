//! Everything that is known of an order, for operators.

use chrono::{DateTime, Utc};
use common::{
    event::Id,
    internal::{FiredBy, OrderHistory, RejectedPayment},
};
use postgres::row::decode;
use rust_decimal::Decimal;

use super::{Store, row};

#[derive(Debug, sqlx::FromRow)]
struct HistoryRow {
    id: String,
    version: i64,
    status: String,
    user_id: String,
    ticket_id: String,
    title: String,
    price: Decimal,
    requested_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
    cancelled_at: Option<DateTime<Utc>>,
    cancel_reason: Option<String>,
    completed_at: Option<DateTime<Utc>>,
    payment_id: Option<String>,
    payment_outcome: Option<String>,
    claimed_at: Option<DateTime<Utc>>,
    claimed_by: Option<String>,
    fired_at: Option<DateTime<Utc>>,
    traceparent: Option<String>,
}

/// A payment that could not be taken.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct RejectedRow {
    payment_id: String,
    pub(super) order_id: String,
    stripe_id: String,
    reason: String,
    rejected_at: DateTime<Utc>,
    outcome: Option<String>,
    settled_at: Option<DateTime<Utc>>,
    note: Option<String>,
}

impl Store {
    /// The order with everything that is known of it. `None`: there is no such order.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn history(&self, order: &Id) -> sqlx::Result<Option<OrderHistory>> {
        let found: Option<(HistoryRow, Vec<RejectedRow>)> = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let row: Option<HistoryRow> = sqlx::query_as(
                "select o.id, o.version, o.status, o.user_id, o.ticket_id, coalesce(o.title, t.title) as title,
                        coalesce(o.price, t.price) as price, o.requested_at, o.created_at, o.expires_at, now() as now,
                        o.cancelled_at, o.cancel_reason, o.completed_at, o.payment_id, o.payment_outcome, o.claimed_at,
                        o.claimed_by, o.fired_at, o.traceparent
                 from orders o join tickets t on t.id = o.ticket_id where o.id = $1",
            )
            .bind(order.as_str())
            .fetch_optional(&mut *connection)
            .await?;
            let rejected = match &row {
                None => Vec::new(),
                Some(_) => {
                    sqlx::query_as(
                        "select payment_id, order_id, stripe_id, reason, rejected_at, outcome, settled_at, note
                         from rejected_payments where order_id = $1 order by rejected_at, payment_id limit 100",
                    )
                    .bind(order.as_str())
                    .fetch_all(&mut *connection)
                    .await?
                }
            };
            connection.release();
            Ok(row.map(|row| (row, rejected)))
        })
        .await?;
        found.map(|(row, rejected)| history(row, rejected)).transpose()
    }
}

fn history(it: HistoryRow, rejected: Vec<RejectedRow>) -> sqlx::Result<OrderHistory> {
    let fired = it.fired_at.map(|at| FiredBy {
        at: at.into(),
        claimed_at: it.claimed_at.map(Into::into),
        by: it.claimed_by,
    });
    Ok(OrderHistory {
        id: row::id(it.id)?,
        version: row::version(it.version)?,
        status: row::status(&it.status)?,
        user_id: row::id(it.user_id)?,
        ticket_id: row::id(it.ticket_id)?,
        title: it.title,
        price: it.price.try_into().map_err(decode)?,
        requested_at: it.requested_at.map(Into::into),
        created_at: it.created_at.into(),
        expires_at: it.expires_at.into(),
        now: it.now.into(),
        cancelled_at: it.cancelled_at.map(Into::into),
        cancel_reason: it.cancel_reason,
        completed_at: it.completed_at.map(Into::into),
        payment_id: it.payment_id.map(row::id).transpose()?,
        payment_outcome: it.payment_outcome.map(|text| text.parse().map_err(decode)).transpose()?,
        fired,
        trace_id: row::trace_id(it.traceparent.as_deref()),
        rejected: rejected.into_iter().map(RejectedPayment::try_from).collect::<sqlx::Result<_>>()?,
    })
}

impl TryFrom<RejectedRow> for RejectedPayment {
    type Error = sqlx::Error;

    fn try_from(it: RejectedRow) -> sqlx::Result<Self> {
        Ok(Self {
            payment_id: row::id(it.payment_id)?,
            stripe_id: it.stripe_id,
            reason: it.reason,
            rejected_at: it.rejected_at.into(),
            outcome: it.outcome.map(|text| text.parse().map_err(decode)).transpose()?,
            settled_at: it.settled_at.map(Into::into),
            note: it.note,
        })
    }
}
