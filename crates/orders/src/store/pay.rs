//! Payments.

use std::collections::HashMap;

use common::event::{Id, PaymentCreated};
use sqlx::PgConnection;
use tracing::info;

use super::{Store, row};
use crate::order::{OrderState, Payment};

impl Store {
    /// Completes the unpaid ones of the orders that were paid. Answers what each payment did, in order.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn pay(&self, payments: &[&PaymentCreated]) -> sqlx::Result<Vec<Payment>> {
        let (effects, completed) = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let paid = pay(&mut transaction, payments).await?;
            transaction.commit().await?;
            Ok(paid)
        })
        .await?;
        for Completed { order, payment, trace_id } in completed {
            info!(order = %order, payment = %payment, trace_id, "order {order} is complete, paid by {payment}");
        }
        Ok(effects)
    }
}

/// An order that was unpaid before.
#[derive(Debug)]
struct Completed {
    order: Id,
    payment: Id,
    trace_id: Option<String>,
}

/// An order that this transaction holds.
#[derive(Debug)]
struct LockedOrder {
    state: OrderState,
    trace_id: Option<String>,
}

async fn pay(
    connection: &mut PgConnection,
    payments: &[&PaymentCreated],
) -> sqlx::Result<(Vec<Payment>, Vec<Completed>)> {
    let mut orders = lock(connection, payments).await?;
    let mut completed = Vec::new();
    let mut effects = Vec::with_capacity(payments.len());
    for payment in payments {
        let Some(locked) = orders.get_mut(&payment.order_id) else {
            effects.push(Payment::UnknownOrder);
            continue;
        };
        let effect = locked.state.pay(&payment.id);
        if effect == Payment::Completes {
            locked.state = OrderState::paid(payment.id.clone());
            let (order, payment) = (payment.order_id.clone(), payment.id.clone());
            completed.push(Completed { order, payment, trace_id: locked.trace_id.take() });
        }
        effects.push(effect);
    }
    complete(connection, &completed).await?;
    Ok((effects, completed))
}

/// Locks the orders in id order, and says how they stand.
async fn lock(
    connection: &mut PgConnection,
    payments: &[&PaymentCreated],
) -> sqlx::Result<HashMap<Id, LockedOrder>> {
    let ids: Vec<&str> = payments.iter().map(|payment| payment.order_id.as_str()).collect();
    let rows: Vec<(String, String, Option<String>, Option<String>)> = sqlx::query_as(
        "select id, status, payment_id, traceparent from orders where id = any($1) order by id for update",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(id, status, payment_id, traceparent)| {
            let state = row::state(&status, payment_id)?;
            Ok((row::id(id)?, LockedOrder { state, trace_id: row::trace_id(traceparent.as_deref()) }))
        })
        .collect()
}

/// Completes orders that this transaction holds, each by its payment.
async fn complete(connection: &mut PgConnection, completed: &[Completed]) -> sqlx::Result<()> {
    if completed.is_empty() {
        return Ok(());
    }
    let (orders, payments): (Vec<&str>, Vec<&str>) =
        completed.iter().map(|completed| (completed.order.as_str(), completed.payment.as_str())).unzip();
    let updated = sqlx::query(
        "update orders set status = 'complete', version = version + 1, payment_id = paid.payment_id
         from unnest($1::text[], $2::text[]) as paid (order_id, payment_id)
         where orders.id = paid.order_id",
    )
    .bind(orders)
    .bind(payments)
    .execute(connection)
    .await?;
    row::expect_rows(updated.rows_affected(), completed.len(), "completing orders")
}
