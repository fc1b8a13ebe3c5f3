//! Placing an order.

use std::{num::NonZeroU32, time::Duration};

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
    /// How many unpaid orders the buyer may have, this one among them. `None` is no limit.
    pub most_unpaid: Option<NonZeroU32>,
    /// Trace context of the request.
    pub traceparent: Traceparent,
}

/// What became of a [`Placement`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// The order is placed, and `order:created` is in the outbox.
    Order(Order),
    /// The buyer had placed this order for the ticket before, and it is not cancelled.
    Before(Order),
    /// Somebody else's live order holds the ticket.
    Reserved,
    /// The buyer has as many unpaid orders as he may have.
    TooManyUnpaid,
    /// There is no such ticket, or not yet.
    UnknownTicket,
}

/// What `place.sql` answers for a ticket that is known.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    version: i64,
    title: String,
    price: Decimal,
    expires_at: Option<DateTime<Utc>>,
    already: bool,
    too_many: bool,
}

impl Store {
    /// Places an order and puts `order:created` into the outbox.
    ///
    /// # Errors
    /// What Postgres answers. The order may have been placed all the same, if the answer to the commit was lost twice.
    pub async fn place(&self, wish: &Placement) -> sqlx::Result<Placed> {
        let placed = match self.place_once(wish).await {
            Err(error) if Failure::is_ambiguous(&error) => self.place_once(wish).await?,
            answer => answer?,
        };
        if let Some(placed @ (Placed::Order(_) | Placed::UnknownTicket)) = placed {
            return Ok(placed);
        }
        // What refuses the buyer may be an order of his own: this very one, or that of an earlier request.
        Ok(match self.own_order(&wish.order_id, &wish.ticket_id, &wish.user_id).await? {
            Some(order) if order.id == wish.order_id => Placed::Order(order),
            Some(order) => Placed::Before(order),
            None => placed.unwrap_or(Placed::Reserved),
        })
    }

    /// `None` if an earlier run has already placed this order.
    async fn place_once(&self, wish: &Placement) -> sqlx::Result<Option<Placed>> {
        let placed = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            if wish.most_unpaid.is_some() {
                one_at_a_time(&mut transaction, &wish.user_id).await?;
            }
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

/// Lets this buyer's other orders wait until the transaction ends, or each of many at once would count the same few.
/// A statement of its own, because one that waits counts what it saw before.
async fn one_at_a_time(connection: &mut PgConnection, user: &Id) -> sqlx::Result<()> {
    let lock = sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))");
    lock.bind(user.as_str()).execute(connection).await?;
    Ok(())
}

async fn insert(connection: &mut PgConnection, wish: &Placement) -> sqlx::Result<Option<Placed>> {
    let window_ms = i64::try_from(wish.window.as_millis()).unwrap_or(i64::MAX);
    let row: Option<Row> = sqlx::query_as(include_str!("place.sql"))
        .bind(wish.order_id.as_str())
        .bind(wish.ticket_id.as_str())
        .bind(wish.user_id.as_str())
        .bind(window_ms)
        .bind(wish.traceparent.to_string())
        .bind(wish.most_unpaid.map(|most| i64::from(most.get())))
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(Some(Placed::UnknownTicket)) };
    let Some(expires_at) = row.expires_at else {
        return Ok(match row {
            Row { already: true, .. } => None,
            Row { too_many: true, .. } => Some(Placed::TooManyUnpaid),
            _ => Some(Placed::Reserved),
        });
    };
    let price = row.price.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    let (id, version) = (wish.ticket_id.clone(), row::version(row.version)?);
    let ticket = Ticket { id, version, title: row.title, price };
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
