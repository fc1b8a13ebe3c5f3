//! Placing an order.

use std::time::Duration;

use chrono::{DateTime, Utc};
use common::{
    event::{Id, OrderCreated, OrderStatus, OrderedTicket},
    traceparent::Traceparent,
};
use metrics::counter;
use outbox::enqueue;
use postgres::Failure;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use tracing::info;

use super::{Store, row};
use crate::order::{Order, Ticket};

/// A buyer's wish for a ticket.
#[derive(Clone, Debug)]
pub struct Placement {
    /// The id that the order will have, made by the caller so that running it again places nothing twice.
    pub order_id: Id,
    /// The ticket.
    pub ticket_id: Id,
    /// The buyer.
    pub user_id: Id,
    /// Time to pay, from now by Postgres' clock; whole milliseconds.
    pub window: Duration,
    /// Trace context of the request.
    pub traceparent: Traceparent,
}

/// What became of a [`Placement`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// The order is placed, and `order:created` is in the outbox.
    Order(Order),
    /// A live order holds the ticket.
    Reserved,
    /// There is no such ticket, or not yet.
    UnknownTicket,
}

/// What `place.sql` answers for a ticket that is known.
type Row = (i64, String, Decimal, Option<DateTime<Utc>>, bool);

impl Store {
    /// Places an order and puts `order:created` into the outbox.
    ///
    /// # Errors
    /// What Postgres answers. The order may have been placed all the same, if the answer to the commit was lost twice.
    pub async fn place(&self, wish: &Placement) -> sqlx::Result<Placed> {
        let (placed, again) = match self.place_once(wish).await {
            Err(error) if may_be_placed(&error) => (self.place_once(wish).await?, true),
            answer => (answer?, false),
        };
        match placed {
            Some(placed) if !again || placed != Placed::Reserved => Ok(placed),
            // The order that holds the ticket is this very one, or may be: its first run may still have been committing.
            _ => Ok(self.find(&wish.order_id).await?.map_or(Placed::Reserved, Placed::Order)),
        }
    }

    /// `None` if an earlier run has already placed this order.
    async fn place_once(&self, wish: &Placement) -> sqlx::Result<Option<Placed>> {
        let placed = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let placed = insert(&mut transaction, wish).await?;
            if let Some(Placed::Order(order)) = &placed {
                enqueue(&mut transaction, &order_created(order), Some(&wish.traceparent)).await?;
            }
            transaction.commit().await?;
            Ok(placed)
        })
        .await?;
        if matches!(placed, Some(Placed::Order(_))) {
            self.wake.ring();
            counter!("orders_placed_total").increment(1);
            let Placement { order_id, ticket_id, traceparent, .. } = wish;
            let trace_id = traceparent.trace_id();
            info!(order = %order_id, ticket = %ticket_id, trace_id, "order {order_id} was placed");
        }
        Ok(placed)
    }
}

/// Whether the answer was lost, perhaps that to the commit. Without a connection nothing was asked.
fn may_be_placed(error: &sqlx::Error) -> bool {
    Failure::of(error) == Failure::Unavailable && !matches!(error, sqlx::Error::PoolTimedOut)
}

async fn insert(connection: &mut PgConnection, wish: &Placement) -> sqlx::Result<Option<Placed>> {
    let window_ms = i64::try_from(wish.window.as_millis()).unwrap_or(i64::MAX);
    let row: Option<Row> = sqlx::query_as(include_str!("place.sql"))
        .bind(wish.order_id.as_str())
        .bind(wish.ticket_id.as_str())
        .bind(wish.user_id.as_str())
        .bind(window_ms)
        .bind(wish.traceparent.to_string())
        .fetch_optional(connection)
        .await?;
    let Some((ticket_version, title, price, expires_at, already)) = row else {
        return Ok(Some(Placed::UnknownTicket));
    };
    let Some(expires_at) = expires_at else {
        return Ok(if already { None } else { Some(Placed::Reserved) });
    };
    let price = price.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    let ticket = Ticket { id: wish.ticket_id.clone(), version: row::version(ticket_version)?, title, price };
    Ok(Some(Placed::Order(Order {
        id: wish.order_id.clone(),
        version: 0,
        status: OrderStatus::Created,
        user_id: wish.user_id.clone(),
        expires_at: expires_at.into(),
        ticket,
    })))
}

fn order_created(order: &Order) -> OrderCreated {
    OrderCreated {
        id: order.id.clone(),
        version: order.version,
        status: order.status,
        user_id: order.user_id.clone(),
        expires_at: order.expires_at,
        ticket: OrderedTicket { id: order.ticket.id.clone(), price: order.ticket.price },
    }
}
