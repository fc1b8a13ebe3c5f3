//! Payments.

use std::collections::HashMap;

use common::event::{Id, PaymentCreated};
use sqlx::{Connection as _, PgConnection};

use super::{Store, row};
use crate::order::{Payment, Standing};

impl Store {
    /// Completes the unpaid ones of the orders that were paid. Answers what each payment did, in order.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn pay(&self, payments: &[&PaymentCreated]) -> sqlx::Result<Vec<Payment>> {
        outbox::run(|| async {
            let mut connection = self.database.connection().await?;
            let mut transaction = connection.begin().await?;
            let paid = pay(&mut transaction, payments).await?;
            transaction.commit().await?;
            connection.release();
            Ok(paid)
        })
        .await
    }
}

async fn pay(connection: &mut PgConnection, payments: &[&PaymentCreated]) -> sqlx::Result<Vec<Payment>> {
    let mut orders = lock(connection, payments).await?;
    let mut completed = HashMap::new();
    let mut paid = Vec::with_capacity(payments.len());
    for payment in payments {
        let Some(order) = orders.get_mut(&payment.order_id) else {
            paid.push(Payment::UnknownOrder);
            continue;
        };
        let effect = order.pay(&payment.id);
        if effect == Payment::Completes {
            *order = Standing::paid(payment.id.clone());
            completed.insert(&payment.order_id, &payment.id);
        }
        paid.push(effect);
    }
    complete(connection, &completed).await?;
    Ok(paid)
}

/// Locks the orders in id order, and says how they stand.
async fn lock(
    connection: &mut PgConnection,
    payments: &[&PaymentCreated],
) -> sqlx::Result<HashMap<Id, Standing>> {
    let ids: Vec<&str> = payments.iter().map(|payment| payment.order_id.as_str()).collect();
    let rows: Vec<(String, String, Option<String>)> =
        sqlx::query_as("select id, status, payment_id from orders where id = any($1) order by id for update")
            .bind(ids)
            .fetch_all(connection)
            .await?;
    rows.into_iter()
        .map(|(id, status, payment_id)| Ok((row::id(id)?, row::standing(&status, payment_id)?)))
        .collect()
}

/// Completes orders that this transaction holds, each by its payment.
async fn complete(connection: &mut PgConnection, completed: &HashMap<&Id, &Id>) -> sqlx::Result<()> {
    if completed.is_empty() {
        return Ok(());
    }
    let (orders, payments): (Vec<&str>, Vec<&str>) =
        completed.iter().map(|(order, payment)| (order.as_str(), payment.as_str())).unzip();
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
