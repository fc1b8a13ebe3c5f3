//! The copy of the orders, fed by their events in any order.
//!
//! What is final wins: an order that was completed or cancelled before its creation came stays so.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use common::event::{Id, Price, Timestamp};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::Store;

/// An order that was placed.
#[derive(Clone, Debug)]
pub struct CreatedOrder {
    /// The order.
    pub id: Id,
    /// Its version.
    pub version: u32,
    /// The buyer.
    pub user_id: Id,
    /// What the buyer has to pay.
    pub price: Price,
    /// Until when.
    pub expires_at: Timestamp,
}

/// An order that is over, unpaid.
#[derive(Clone, Debug)]
pub struct CancelledOrder {
    /// The order.
    pub id: Id,
    /// Its version.
    pub version: u32,
}

/// An order that is paid.
#[derive(Clone, Debug)]
pub struct CompletedOrder {
    /// The order.
    pub id: Id,
    /// Its version.
    pub version: u32,
    /// The payment that completed it: ours, or of a service before this one.
    pub payment_id: Id,
}

impl Store {
    /// Takes over orders that were placed. Those that are known already stay as they are.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn add_orders(&self, orders: &[CreatedOrder]) -> sqlx::Result<()> {
        // One statement must not meet the same row twice.
        let orders: BTreeMap<&Id, &CreatedOrder> = orders.iter().map(|order| (&order.id, order)).collect();
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            add(&mut connection, &orders).await?;
            connection.release();
            Ok(())
        })
        .await
    }

    /// Takes over cancellations, and has everything closed by which those orders could still be paid. Says how many payments
    /// that are.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn cancel_orders(&self, orders: &[CancelledOrder]) -> sqlx::Result<u64> {
        let orders: BTreeMap<&Id, i64> =
            orders.iter().map(|order| (&order.id, order.version.into())).collect();
        let ids: Vec<&str> = orders.keys().map(|id| id.as_str()).collect();
        let versions: Vec<i64> = orders.values().copied().collect();
        let closing = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            sqlx::query(
                "insert into orders as o (id, version, status)
                 select id, version, 'cancelled' from unnest($1::text[], $2::bigint[]) as cancelled (id, version)
                 on conflict (id) do update set status = 'cancelled', version = excluded.version
                 where o.status = 'created'",
            )
            .bind(&ids)
            .bind(&versions)
            .execute(&mut *transaction)
            .await?;
            let closing = close_unpaid(&mut transaction, &ids, &[]).await?;
            transaction.commit().await?;
            Ok(closing)
        })
        .await?;
        if closing > 0 {
            self.due.ring();
        }
        Ok(closing)
    }

    /// Takes over completions, has the money of the payments captured that completed them, and everything else closed by which
    /// those orders could be paid again. Answers for each order, in order, whether the payment is one of ours.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn complete_orders(&self, orders: &[CompletedOrder]) -> sqlx::Result<Vec<bool>> {
        let sorted: BTreeMap<&Id, &CompletedOrder> = orders.iter().map(|order| (&order.id, order)).collect();
        let known = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let known = complete(&mut transaction, &sorted).await?;
            transaction.commit().await?;
            Ok(known)
        })
        .await?;
        self.due.ring();
        Ok(orders.iter().map(|order| known.iter().any(|id| id == order.payment_id.as_str())).collect())
    }
}

async fn add(connection: &mut PgConnection, orders: &BTreeMap<&Id, &CreatedOrder>) -> sqlx::Result<()> {
    let ids: Vec<&str> = orders.keys().map(|id| id.as_str()).collect();
    let versions: Vec<i64> = orders.values().map(|order| order.version.into()).collect();
    let users: Vec<&str> = orders.values().map(|order| order.user_id.as_str()).collect();
    let prices: Vec<Decimal> = orders.values().map(|order| order.price.as_decimal()).collect();
    let ends: Vec<DateTime<Utc>> = orders.values().map(|order| order.expires_at.into()).collect();
    sqlx::query(
        "insert into orders as o (id, version, status, user_id, price, expires_at)
         select id, version, 'created', user_id, price, expires_at
         from unnest($1::text[], $2::bigint[], $3::text[], $4::numeric[], $5::timestamptz[])
              as created (id, version, user_id, price, expires_at)
         -- A tombstone keeps its status and version: what is final overtook this.
         on conflict (id) do update
         set user_id = excluded.user_id, price = excluded.price, expires_at = excluded.expires_at
         where o.user_id is null",
    )
    .bind(ids)
    .bind(versions)
    .bind(users)
    .bind(prices)
    .bind(ends)
    .execute(connection)
    .await?;
    Ok(())
}

/// Which of the payments are ours.
async fn complete(
    connection: &mut PgConnection,
    orders: &BTreeMap<&Id, &CompletedOrder>,
) -> sqlx::Result<Vec<String>> {
    let ids: Vec<&str> = orders.keys().map(|id| id.as_str()).collect();
    let versions: Vec<i64> = orders.values().map(|order| order.version.into()).collect();
    let mut payments: Vec<&str> = orders.values().map(|order| order.payment_id.as_str()).collect();
    sqlx::query(
        "insert into orders as o (id, version, status, payment_id)
         select id, version, 'completed', payment_id
         from unnest($1::text[], $2::bigint[], $3::text[]) as completed (id, version, payment_id)
         on conflict (id) do update
         set status = 'completed', version = excluded.version, payment_id = excluded.payment_id
         where o.status = 'created'",
    )
    .bind(&ids)
    .bind(&versions)
    .bind(&payments)
    .execute(&mut *connection)
    .await?;
    payments.sort_unstable();
    close_unpaid(connection, &ids, &payments).await?;
    sqlx::query_scalar(
        "with paid as materialized (
           select id from payments where id = any($1) order by id for update
         ), decided as (
           -- A rejection is the last word, and what is captured or given back stays so.
           update payments set decision = 'capture', due_at = now(), attempts = 0
           where id in (select id from paid) and status in ('pending', 'open', 'authorised')
             and decision is distinct from 'release' and decision is distinct from 'capture'
         )
         select id from paid",
    )
    .bind(&payments)
    .fetch_all(connection)
    .await
}

/// Has what is not paid on yet closed, but for these payments. The orders are locked or final: nothing new begins.
async fn close_unpaid(connection: &mut PgConnection, orders: &[&str], except: &[&str]) -> sqlx::Result<u64> {
    let closing = sqlx::query(
        "with unpaid as materialized (
           select id from payments
           where order_id = any($1) and not id = any($2) and status in ('pending', 'open') and decision is null
           order by id for update
         )
         update payments set decision = 'close', due_at = now(), attempts = 0
         where id in (select id from unpaid)",
    )
    .bind(orders)
    .bind(except)
    .execute(connection)
    .await?;
    Ok(closing.rows_affected())
}
