//! Which order holds which ticket: reservations and releases, a batch at a time.
//!
//! The rows of the tickets are locked first, in id order. Another transaction for the same ticket waits meanwhile,
//! and then sees what was committed, the tombstones too: so the two events of one order have the same end in either
//! order, and between two orders one holds the ticket (I6).

use std::collections::{HashMap, HashSet};

use common::{
    event::{Id, TicketUpdated},
    traceparent::Traceparent,
};
use outbox::enqueue_all;
use postgres::{row, row::expect_rows};
use sqlx::PgConnection;
use tracing::info;

use super::{Store, row::TicketRow};
use crate::ticket::{Release, Reservation, Ticket};

/// An order that was created or cancelled, and its ticket.
#[derive(Clone, Debug)]
pub struct OrderTicket {
    /// The order.
    pub order: Id,
    /// What was ordered.
    pub ticket: Id,
    /// Trace context of the request that placed the order.
    pub traceparent: Option<Traceparent>,
}

/// The changes of one batch, each with the order that caused it.
type Changes = Vec<(Ticket, OrderTicket)>;

impl Store {
    /// Reserves the tickets of created orders, and puts a `ticket:updated` for each change into the outbox. Answers
    /// for each order, in order.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn reserve(&self, orders: &[OrderTicket]) -> sqlx::Result<Vec<Reservation>> {
        let (answers, changes) = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let reserved = reserve(&mut transaction, orders).await?;
            transaction.commit().await?;
            Ok(reserved)
        })
        .await?;
        self.tell(&changes, |ticket, order| format!("ticket {ticket} is reserved for order {order}"));
        Ok(answers)
    }

    /// Frees the tickets of cancelled orders where they hold them, leaves a tombstone for each order, and puts a
    /// `ticket:updated` for each change into the outbox. Answers for each order, in order.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn release(&self, orders: &[OrderTicket]) -> sqlx::Result<Vec<Release>> {
        let (answers, changes) = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let released = release(&mut transaction, orders).await?;
            transaction.commit().await?;
            Ok(released)
        })
        .await?;
        self.tell(&changes, |ticket, order| {
            format!("ticket {ticket} is free again, order {order} is cancelled")
        });
        Ok(answers)
    }

    fn tell(&self, changes: &Changes, text: impl Fn(&Id, &Id) -> String) {
        if !changes.is_empty() {
            self.wake.ring();
        }
        for (ticket, OrderTicket { order, traceparent, .. }) in changes {
            let trace_id = traceparent.map(|traceparent| traceparent.trace_id());
            let text = text(&ticket.id, order);
            info!(ticket = %ticket.id, order = %order, version = ticket.version, trace_id, "{text}");
        }
    }
}

async fn reserve(
    connection: &mut PgConnection,
    orders: &[OrderTicket],
) -> sqlx::Result<(Vec<Reservation>, Changes)> {
    let mut tickets = lock(connection, orders).await?;
    let cancelled = cancelled(connection, orders).await?;
    let mut changes = Changes::new();
    let mut answers = Vec::with_capacity(orders.len());
    for each in orders {
        let Some(ticket) = tickets.get_mut(&each.ticket) else {
            answers.push(if cancelled.contains(&each.order) {
                Reservation::OrderIsCancelled
            } else {
                Reservation::UnknownTicket
            });
            continue;
        };
        let answer = ticket.reserve(&each.order, cancelled.contains(&each.order));
        if answer == Reservation::Reserves {
            *ticket = ticket.handed_to(Some(each.order.clone()));
            changes.push((ticket.clone(), each.clone()));
        }
        answers.push(answer);
    }
    write(connection, &changes).await?;
    Ok((answers, changes))
}

async fn release(
    connection: &mut PgConnection,
    orders: &[OrderTicket],
) -> sqlx::Result<(Vec<Release>, Changes)> {
    let mut tickets = lock(connection, orders).await?;
    bury(connection, orders).await?;
    let mut changes = Changes::new();
    let mut answers = Vec::with_capacity(orders.len());
    for each in orders {
        let held =
            tickets.get_mut(&each.ticket).filter(|ticket| ticket.release(&each.order) == Release::Frees);
        let Some(ticket) = held else {
            answers.push(Release::NotHeld);
            continue;
        };
        *ticket = ticket.handed_to(None);
        changes.push((ticket.clone(), each.clone()));
        answers.push(Release::Frees);
    }
    write(connection, &changes).await?;
    Ok((answers, changes))
}

/// Locks the tickets of these orders in id order, and says how they stand.
async fn lock(connection: &mut PgConnection, orders: &[OrderTicket]) -> sqlx::Result<HashMap<Id, Ticket>> {
    let ids: Vec<&str> = orders.iter().map(|each| each.ticket.as_str()).collect();
    let rows: Vec<TicketRow> = sqlx::query_as(
        "select id, version, title, price, user_id, order_id from tickets
         where id = any($1) order by id for update",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| Ticket::try_from(row).map(|ticket| (ticket.id.clone(), ticket))).collect()
}

/// Those of the orders whose cancellation has come. Asked only while their tickets are locked.
async fn cancelled(connection: &mut PgConnection, orders: &[OrderTicket]) -> sqlx::Result<HashSet<Id>> {
    let ids: Vec<&str> = orders.iter().map(|each| each.order.as_str()).collect();
    let found: Vec<String> =
        sqlx::query_scalar("select order_id from cancelled_orders where order_id = any($1)")
            .bind(ids)
            .fetch_all(connection)
            .await?;
    found.into_iter().map(row::id).collect()
}

/// Leaves a tombstone for each order, also for one that held its ticket: its `order:created` may be delivered again.
async fn bury(connection: &mut PgConnection, orders: &[OrderTicket]) -> sqlx::Result<()> {
    // Sorted, so that two of these statements never wait for each other in a circle.
    let mut ids: Vec<&str> = orders.iter().map(|each| each.order.as_str()).collect();
    ids.sort_unstable();
    sqlx::query("insert into cancelled_orders (order_id) select unnest($1::text[]) on conflict do nothing")
        .bind(ids)
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes the changes of tickets that this transaction holds, and tells of them. Within a batch of one subject a ticket
/// changes at most once: it is reserved while it is free, or freed while it is held.
async fn write(connection: &mut PgConnection, changes: &Changes) -> sqlx::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = changes.iter().map(|(ticket, _)| ticket.id.as_str()).collect();
    let holders: Vec<Option<&str>> =
        changes.iter().map(|(ticket, _)| ticket.order_id.as_ref().map(Id::as_str)).collect();
    let updated = sqlx::query(
        "update tickets set order_id = changed.order_id, version = version + 1
         from unnest($1::text[], $2::text[]) as changed (id, order_id)
         where tickets.id = changed.id",
    )
    .bind(&ids)
    .bind(&holders)
    .execute(&mut *connection)
    .await?;
    expect_rows(updated.rows_affected(), changes.len(), "handing tickets over")?;
    let events: Vec<(TicketUpdated, Option<Traceparent>)> =
        changes.iter().map(|(ticket, order)| (ticket.updated(), order.traceparent)).collect();
    enqueue_all(connection, &events).await
}
