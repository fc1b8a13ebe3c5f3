//! The end of an order's time.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use common::event::{Id, OrderStatus};
use metrics::{counter, histogram};
use tracing::info;

use super::{Store, row};
use crate::{
    order::Expiry,
    watermark::{SLACK, Watermark},
};

/// What `expire.sql` answers for an id.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: String,
    cancelled: bool,
    status: Option<String>,
    remaining_ms: Option<i64>,
    waits: Option<bool>,
    traceparent: Option<String>,
}

/// What `expire.sql` is given, a column each.
#[derive(Debug)]
struct Batch<'a> {
    ids: Vec<&'a str>,
    fired: Vec<Option<DateTime<Utc>>>,
    claimed: Vec<Option<DateTime<Utc>>>,
    claimed_by: Vec<Option<&'a str>>,
}

/// An order whose time may be over, because its timer has fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The order.
    pub order: Id,
    /// When the broker stored the expiration, by its clock.
    pub at: DateTime<Utc>,
    /// When the timer was claimed, by its worker's clock, and by which worker; not told by all releases.
    pub claim: Option<(DateTime<Utc>, String)>,
}

impl Store {
    /// As [`Self::expire`], for orders whose timer has fired; which is kept with each that is cancelled by it.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn expire_fired(
        &self,
        fired: &[Fired],
        watermark: Watermark,
    ) -> sqlx::Result<HashMap<Id, Expiry>> {
        let batch = Batch {
            ids: fired.iter().map(|fired| fired.order.as_str()).collect(),
            fired: fired.iter().map(|fired| Some(fired.at)).collect(),
            claimed: fired.iter().map(|fired| fired.claim.as_ref().map(|(at, _)| *at)).collect(),
            claimed_by: fired.iter().map(|fired| fired.claim.as_ref().map(|(_, by)| by.as_str())).collect(),
        };
        self.expire_batch(batch, watermark).await
    }

    /// Cancels those of `orders` that are unpaid, whose time is over, and that no payment may be on its way for; and puts
    /// their `order:cancelled` into the outbox. Answers for each id, duplicates once.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn expire(&self, orders: &[Id], watermark: Watermark) -> sqlx::Result<HashMap<Id, Expiry>> {
        let ids: Vec<&str> = orders.iter().map(Id::as_str).collect();
        let (fired, claimed, claimed_by) =
            (vec![None; ids.len()], vec![None; ids.len()], vec![None; ids.len()]);
        self.expire_batch(Batch { ids, fired, claimed, claimed_by }, watermark).await
    }

    async fn expire_batch(
        &self,
        batch: Batch<'_>,
        watermark: Watermark,
    ) -> sqlx::Result<HashMap<Id, Expiry>> {
        let seen = match watermark {
            Watermark::Unknown => "-infinity".to_owned(),
            Watermark::At(instant) => (instant + SLACK).to_rfc3339(),
            Watermark::Waived => "infinity".to_owned(),
        };
        let rows: Vec<Row> = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let rows = sqlx::query_as(include_str!("expire.sql"))
                .bind(&batch.ids)
                .bind(&seen)
                .bind(&batch.fired)
                .bind(&batch.claimed)
                .bind(&batch.claimed_by)
                .fetch_all(&mut *connection)
                .await?;
            connection.release();
            Ok(rows)
        })
        .await?;
        let cancelled: Vec<&Row> = rows.iter().filter(|row| row.cancelled).collect();
        if !cancelled.is_empty() {
            self.wake.ring();
            record(&cancelled);
        }
        rows.into_iter().map(Row::answer).collect()
    }

    /// What time it is by the clock that decides. Called by the sampler.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn now(&self) -> sqlx::Result<DateTime<Utc>> {
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let now = sqlx::query_scalar("select now()").fetch_one(&mut *connection).await?;
            connection.release();
            Ok(now)
        })
        .await
    }

    /// Up to `limit` unpaid orders whose time was over more than `grace` ago (in whole milliseconds), the longest
    /// overdue first.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn overdue(&self, grace: Duration, limit: usize) -> sqlx::Result<Vec<Id>> {
        let ids: Vec<String> = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            // The status list is that of the partial index.
            let ids = sqlx::query_scalar(
                "select id from orders
                 where status in ('created', 'awaiting:payment')
                   and expires_at < now() - $1 * interval '1 millisecond'
                 order by expires_at limit $2",
            );
            let ids =
                ids.bind(grace.as_millis() as i64).bind(limit as i64).fetch_all(&mut *connection).await?;
            connection.release();
            Ok(ids)
        })
        .await?;
        ids.into_iter().map(row::id).collect()
    }
}

fn record(cancelled: &[&Row]) {
    counter!("orders_cancelled_total", "reason" => "expired").increment(cancelled.len() as u64);
    let lateness = histogram!("order_lateness_seconds");
    for Row { id, remaining_ms, traceparent, .. } in cancelled {
        let late_ms = remaining_ms.map_or(0, |remaining_ms| -remaining_ms);
        lateness.record(late_ms as f64 / 1000.0);
        let trace_id = row::trace_id(traceparent.as_deref());
        info!(order = id, trace_id, late_ms, "order {id} expired");
    }
}

impl Row {
    fn answer(self) -> sqlx::Result<(Id, Expiry)> {
        let expiry = self.expiry()?;
        Ok((row::id(self.id)?, expiry))
    }

    fn expiry(&self) -> sqlx::Result<Expiry> {
        if self.cancelled {
            return Ok(Expiry::Cancels);
        }
        let (Some(status), Some(remaining_ms)) = (&self.status, self.remaining_ms) else {
            return Ok(Expiry::UnknownOrder);
        };
        Ok(match row::status(status)? {
            OrderStatus::Complete | OrderStatus::Cancelled => Expiry::Settled,
            OrderStatus::Created | OrderStatus::AwaitingPayment => match u64::try_from(remaining_ms) {
                Ok(remaining_ms @ 1..) => Expiry::Early(Duration::from_millis(remaining_ms)),
                _ if self.waits == Some(true) => Expiry::Waits,
                _ => Expiry::Contended,
            },
        })
    }
}
