//! Payments: which are taken, and which are not.

use std::collections::{BTreeMap, HashMap};

use common::{
    event::{CompletedTicket, Id, OrderCompleted, PaymentCreated, PaymentRejected},
    traceparent::Traceparent,
};
use metrics::counter;
use outbox::enqueue_all;
use sqlx::PgConnection;
use tracing::{info, warn};

use super::{Store, row};
use crate::order::{OrderState, Payment, Rejection};

impl Store {
    /// Completes the unpaid ones of the orders that were paid, and keeps the payments that can't be taken; both with what the
    /// others have to know in the outbox. Answers what each payment did, in order.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn pay(&self, payments: &[&PaymentCreated]) -> sqlx::Result<Vec<Payment>> {
        let decided = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let decided = pay(&mut transaction, payments).await?;
            transaction.commit().await?;
            Ok(decided)
        })
        .await?;
        if !(decided.completed.is_empty() && decided.rejected.is_empty()) {
            self.wake.ring();
        }
        decided.record();
        Ok(decided.effects)
    }
}

/// What one run has decided.
#[derive(Debug)]
struct Decided {
    effects: Vec<Payment>,
    completed: Vec<(OrderCompleted, Option<Traceparent>)>,
    /// Those that were not rejected before.
    rejected: Vec<(PaymentRejected, Option<Traceparent>)>,
    /// Why, for the metric.
    labels: Vec<&'static str>,
}

impl Decided {
    fn record(&self) {
        counter!("orders_completed_total").increment(self.completed.len() as u64);
        for (OrderCompleted { id, payment_id, .. }, traceparent) in &self.completed {
            let trace_id = traceparent.map(|traceparent| traceparent.trace_id());
            info!(order = %id, payment = %payment_id, trace_id, "order {id} is complete, paid by {payment_id}");
        }
        for label in &self.labels {
            counter!("orders_payments_rejected_total", "reason" => *label).increment(1);
        }
        for (PaymentRejected { id, order_id, reason, .. }, traceparent) in &self.rejected {
            let trace_id = traceparent.map(|traceparent| traceparent.trace_id());
            warn!(
                order = %order_id, payment = %id, trace_id,
                "payment {id} for order {order_id} is rejected, its money has to go back: {reason}"
            );
        }
    }
}

/// An order that this transaction holds.
#[derive(Debug)]
struct LockedOrder {
    state: OrderState,
    version: u32,
    ticket_id: Id,
    traceparent: Option<Traceparent>,
}

/// What [`lock`] reads of an order.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: String,
    version: i64,
    status: String,
    payment_id: Option<String>,
    ticket_id: String,
    traceparent: Option<String>,
}

async fn pay(connection: &mut PgConnection, payments: &[&PaymentCreated]) -> sqlx::Result<Decided> {
    let mut orders = lock(connection, payments).await?;
    let mut completed = Vec::new();
    let mut effects = Vec::with_capacity(payments.len());
    for payment in payments {
        let Some(order) = orders.get_mut(&payment.order_id) else {
            effects.push(Payment::Rejected(Rejection::UnknownOrder));
            continue;
        };
        let effect = order.state.pay(&payment.id);
        if effect == Payment::Completes {
            order.state = OrderState::paid(payment.id.clone());
            let event = OrderCompleted {
                id: payment.order_id.clone(),
                version: order.version + 1,
                payment_id: payment.id.clone(),
                ticket: CompletedTicket { id: order.ticket_id.clone() },
            };
            completed.push((event, order.traceparent));
        }
        effects.push(effect);
    }
    complete(connection, &completed).await?;
    // In id order, so that two of these never wait for each other in a circle.
    let rejections: BTreeMap<&Id, (&PaymentCreated, &Rejection)> = payments
        .iter()
        .zip(&effects)
        .filter_map(|(payment, effect)| match effect {
            Payment::Rejected(rejection) => Some((&payment.id, (*payment, rejection))),
            _ => None,
        })
        .collect();
    let (rejected, labels) = reject(connection, &rejections, &orders).await?;
    for (payment, effect) in payments.iter().zip(&mut effects) {
        let is_new = rejected.iter().any(|(event, _)| event.id == payment.id);
        if matches!(effect, Payment::Rejected(_)) && !is_new {
            *effect = Payment::Repeated;
        }
    }
    Ok(Decided { effects, completed, rejected, labels })
}

/// Locks the orders in id order, and says how they stand.
async fn lock(
    connection: &mut PgConnection,
    payments: &[&PaymentCreated],
) -> sqlx::Result<HashMap<Id, LockedOrder>> {
    let ids: Vec<&str> = payments.iter().map(|payment| payment.order_id.as_str()).collect();
    let rows: Vec<Row> = sqlx::query_as(
        "select id, version, status, payment_id, ticket_id, traceparent from orders where id = any($1)
         order by id for update",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let order = LockedOrder {
                state: row::state(&row.status, row.payment_id)?,
                version: row::version(row.version)?,
                ticket_id: row::id(row.ticket_id)?,
                traceparent: row.traceparent.and_then(|text| text.parse().ok()),
            };
            Ok((row::id(row.id)?, order))
        })
        .collect()
}

/// Completes orders that this transaction holds, each by its payment, and tells of it.
async fn complete(
    connection: &mut PgConnection,
    completed: &[(OrderCompleted, Option<Traceparent>)],
) -> sqlx::Result<()> {
    if completed.is_empty() {
        return Ok(());
    }
    let (orders, payments): (Vec<&str>, Vec<&str>) =
        completed.iter().map(|(event, _)| (event.id.as_str(), event.payment_id.as_str())).unzip();
    let updated = sqlx::query(
        "update orders set status = 'complete', version = version + 1, completed_at = now(), payment_id = paid.payment_id
         from unnest($1::text[], $2::text[]) as paid (order_id, payment_id)
         where orders.id = paid.order_id",
    )
    .bind(orders)
    .bind(payments)
    .execute(&mut *connection)
    .await?;
    row::expect_rows(updated.rows_affected(), completed.len(), "completing orders")?;
    enqueue_all(connection, completed).await
}

/// Keeps payments that can't be taken, and tells of those that were not kept before; with the label of each.
async fn reject(
    connection: &mut PgConnection,
    rejections: &BTreeMap<&Id, (&PaymentCreated, &Rejection)>,
    orders: &HashMap<Id, LockedOrder>,
) -> sqlx::Result<(Vec<(PaymentRejected, Option<Traceparent>)>, Vec<&'static str>)> {
    if rejections.is_empty() {
        return Ok(Default::default());
    }
    let column = |of: fn(&PaymentCreated) -> &str| -> Vec<&str> {
        rejections.values().map(|(payment, _)| of(payment)).collect()
    };
    let new: Vec<String> = sqlx::query_scalar(
        "insert into rejected_payments (payment_id, order_id, stripe_id, reason)
         select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
         on conflict do nothing returning payment_id",
    )
    .bind(column(|payment| payment.id.as_str()))
    .bind(column(|payment| payment.order_id.as_str()))
    .bind(column(|payment| payment.stripe_id.as_str()))
    .bind(rejections.values().map(|(_, rejection)| rejection.to_string()).collect::<Vec<_>>())
    .fetch_all(&mut *connection)
    .await?;
    let new = new.into_iter().map(row::id).collect::<sqlx::Result<Vec<Id>>>()?;
    let tell = |(payment, rejection): &(&PaymentCreated, &Rejection)| {
        let PaymentCreated { id, order_id, stripe_id } = PaymentCreated::clone(payment);
        let traceparent = orders.get(&order_id).and_then(|order| order.traceparent);
        let reason = rejection.to_string();
        ((PaymentRejected { id, order_id, stripe_id, reason }, traceparent), rejection.label())
    };
    let (told, labels): (Vec<_>, Vec<_>) = new.iter().filter_map(|id| rejections.get(id)).map(tell).unzip();
    enqueue_all(connection, &told).await?;
    Ok((told, labels))
}
