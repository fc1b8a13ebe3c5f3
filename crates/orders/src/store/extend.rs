//! More time for an order.

use std::{sync::OnceLock, time::Duration};

use chrono::{DateTime, Utc};
use common::{
    event::{Id, OrderExtended, Timestamp},
    traceparent::Traceparent,
};
use metrics::counter;
use outbox::enqueue;
use postgres::Failure;
use sqlx::PgConnection;
use tracing::info;

use super::{Store, row};
use crate::order::{Extension, MoreTime, Times};

/// What an order that is there has of a wish for more time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extended {
    /// When it was to expire.
    pub from: Timestamp,
    /// What the rules made of the wish.
    pub extension: Extension,
}

/// What extending needs to know of an order.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    status: String,
    payment_id: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
    traceparent: Option<String>,
}

impl Store {
    /// Gives an unpaid order more time, at most `limit` in all, and puts `order:extended` into the outbox. Only
    /// [`Extension::Extends`] changed anything. `None`: there is no such order.
    ///
    /// # Errors
    /// What Postgres answers. It may have more time all the same, if the answer to the commit was lost twice.
    pub async fn extend(
        &self,
        order: &Id,
        wish: MoreTime,
        limit: Duration,
    ) -> sqlx::Result<Option<Extended>> {
        // Once it is known until when, it stays so: run again, "ten minutes more" are not twenty.
        let until = OnceLock::new();
        match self.extend_once(order, wish, &until, limit).await {
            Err(error) if Failure::is_ambiguous(&error) => self.extend_once(order, wish, &until, limit).await,
            answer => answer,
        }
    }

    async fn extend_once(
        &self,
        order: &Id,
        wish: MoreTime,
        until: &OnceLock<Timestamp>,
        limit: Duration,
    ) -> sqlx::Result<Option<Extended>> {
        let answer = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let wish = until.get().map_or(wish, |until| MoreTime::To(*until));
            let answer = extend(&mut transaction, order, wish, limit).await?;
            if let Some((Extended { extension: Extension::Extends(to), .. }, _)) = answer {
                until.get_or_init(|| to);
            }
            transaction.commit().await?;
            Ok(answer)
        })
        .await?;
        let Some((extended, traceparent)) = answer else { return Ok(None) };
        if let Extension::Extends(to) = extended.extension {
            self.wake.ring();
            counter!("orders_extended_total").increment(1);
            let trace_id = traceparent.map(|traceparent| traceparent.trace_id());
            info!(order = %order, trace_id, "order {order} has until {to} instead of {}", extended.from);
        }
        Ok(Some(extended))
    }
}

async fn extend(
    connection: &mut PgConnection,
    order: &Id,
    wish: MoreTime,
    limit: Duration,
) -> sqlx::Result<Option<(Extended, Option<Traceparent>)>> {
    let row: Option<Row> = sqlx::query_as(
        "select status, payment_id, created_at, expires_at, clock_timestamp() as now, traceparent from orders
         where id = $1 for update",
    )
    .bind(order.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let traceparent = row.traceparent.and_then(|text| text.parse().ok());
    let from = row.expires_at.into();
    let times = Times { created_at: row.created_at.into(), expires_at: from, now: row.now.into() };
    let extension = row::state(&row.status, row.payment_id)?.extend(wish, times, limit);
    if let Extension::Extends(to) = extension {
        let updated = sqlx::query("update orders set expires_at = $2 where id = $1")
            .bind(order.as_str())
            .bind(DateTime::<Utc>::from(to))
            .execute(&mut *connection)
            .await?;
        row::expect_rows(updated.rows_affected(), 1, "extending an order")?;
        let event = OrderExtended { id: order.clone(), expires_at: to };
        enqueue(connection, &event, traceparent.as_ref()).await?;
    }
    Ok(Some((Extended { from, extension }, traceparent)))
}
