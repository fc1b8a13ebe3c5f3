//! Everything that is known of an order's money, for operators.

use chrono::{DateTime, Utc};
use common::{
    event::Id,
    internal::{OrderMoney, PaymentHistory},
    traceparent::Traceparent,
};

use postgres::row::decode;

use super::{Store, row};
use crate::money::Currency;

#[derive(Debug, sqlx::FromRow)]
struct HistoryRow {
    id: String,
    kind: String,
    status: String,
    decision: Option<String>,
    is_due: bool,
    amount: i64,
    currency: String,
    stripe_intent: Option<String>,
    reason: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    traceparent: Option<String>,
}

impl Store {
    /// What is known of an order and its payments, the oldest first; of an order that is not known, nothing.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn money_of(&self, order: &Id) -> sqlx::Result<OrderMoney> {
        type Found = (Option<Option<DateTime<Utc>>>, Vec<HistoryRow>);
        let (expires_at, rows): Found = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let expires_at =
                sqlx::query_scalar("select greatest(expires_at, extended_to) from orders where id = $1");
            let expires_at = expires_at.bind(order.as_str()).fetch_optional(&mut *connection).await?;
            let rows = sqlx::query_as(
                "select id, kind, status, decision, due_at is not null as is_due, amount, currency, stripe_intent, reason, created_at, updated_at,
                        traceparent
                 from payments where order_id = $1 order by created_at, id limit 100",
            );
            let rows = rows.bind(order.as_str()).fetch_all(&mut *connection).await?;
            connection.release();
            Ok((expires_at, rows))
        })
        .await?;
        let payments = rows.into_iter().map(PaymentHistory::try_from).collect::<sqlx::Result<_>>()?;
        Ok(OrderMoney { expires_at: expires_at.flatten().map(Into::into), payments })
    }
}

impl TryFrom<HistoryRow> for PaymentHistory {
    type Error = sqlx::Error;

    fn try_from(it: HistoryRow) -> sqlx::Result<Self> {
        let currency: Currency = it.currency.parse().map_err(decode)?;
        let traceparent: Option<Traceparent> = it.traceparent.and_then(|text| text.parse().ok());
        Ok(Self {
            id: row::id(it.id)?,
            kind: it.kind,
            status: it.status,
            // It is kept when it is done, with nothing left to look at.
            decision: it.decision.filter(|_| it.is_due),
            amount: currency
                .price(it.amount)
                .ok_or_else(|| sqlx::Error::Decode("an amount is no price".into()))?,
            currency: it.currency,
            stripe_id: it.stripe_intent,
            reason: it.reason,
            created_at: it.created_at.into(),
            updated_at: it.updated_at.into(),
            trace_id: traceparent.map(|traceparent| traceparent.trace_id()),
        })
    }
}
