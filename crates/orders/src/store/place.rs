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
    /// When the request came in, by this machine's clock.
    pub requested_at: DateTime<Utc>,
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
    holder: Option<String>,
}

/// What one run makes of a wish.
#[derive(Debug)]
enum Answer {
    Settled(Placed),
    /// What holds the ticket may be an order of the buyer's own: this very one, placed by a run whose answer was lost, or that
    /// of an earlier request.
    PerhapsHisOwn,
}

impl Store {
    /// Places an order and puts `order:created` into the outbox.
    ///
    /// # Errors
    /// What Postgres answers. The order may have been placed all the same, if the answer to the commit was lost twice.
    pub async fn place(&self, wish: &Placement) -> sqlx::Result<Placed> {
        let answer = match self.place_once(wish).await {
            Err(error) if Failure::is_ambiguous(&error) => self.place_once(wish).await?,
            answer => answer?,
        };
        if let Answer::Settled(placed) = answer {
            return Ok(placed);
        }
        Ok(match self.own_order(&wish.order_id, &wish.ticket_id, &wish.user_id).await? {
            Some(order) if order.id == wish.order_id => Placed::Order(order),
            Some(order) => Placed::Before(order),
            None => Placed::Reserved,
        })
    }

    async fn place_once(&self, wish: &Placement) -> sqlx::Result<Answer> {
        let answer = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let answer = insert(&mut transaction, wish).await?;
            if matches!(answer, Answer::Settled(Placed::Order(_)))
                && has_too_many(&mut transaction, wish).await?
            {
                transaction.rollback().await?;
                return Ok(Answer::Settled(Placed::TooManyUnpaid));
            }
            if let Answer::Settled(Placed::Order(order)) = &answer {
                enqueue(&mut transaction, &order_created(order), Some(&wish.traceparent)).await?;
            }
            transaction.commit().await?;
            Ok(answer)
        })
        .await?;
        if matches!(answer, Answer::Settled(Placed::Order(_))) {
            self.wake.ring();
            counter!("orders_placed_total").increment(1);
            let Placement { order_id, ticket_id, traceparent, .. } = wish;
            let trace_id = traceparent.trace_id();
            info!(order = %order_id, ticket = %ticket_id, trace_id, "order {order_id} was placed");
        }
        Ok(answer)
    }
}

/// By which this buyer's orders are placed one after the other: FNV-1a, because every release has to have the same. Two
/// buyers with one key only wait for each other.
fn key(user: &Id) -> i64 {
    const OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01B3;
    let hash = user.as_str().bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    hash.cast_signed()
}

/// Whether the order that was placed is one too many. Nobody else places one for this buyer meanwhile, and whoever did before
/// has committed: this counts them all.
async fn has_too_many(connection: &mut PgConnection, wish: &Placement) -> sqlx::Result<bool> {
    let Some(most) = wish.most_unpaid else { return Ok(false) };
    let unpaid: i64 = sqlx::query_scalar(
        "select count(*) from orders where user_id = $1 and status in ('created', 'awaiting:payment')",
    )
    .bind(wish.user_id.as_str())
    .fetch_one(connection)
    .await?;
    Ok(unpaid > i64::from(most.get()))
}

async fn insert(connection: &mut PgConnection, wish: &Placement) -> sqlx::Result<Answer> {
    let window_ms = i64::try_from(wish.window.as_millis()).unwrap_or(i64::MAX);
    let row: Option<Row> = sqlx::query_as(include_str!("place.sql"))
        .bind(wish.order_id.as_str())
        .bind(wish.ticket_id.as_str())
        .bind(wish.user_id.as_str())
        .bind(window_ms)
        .bind(wish.traceparent.to_string())
        .bind(wish.most_unpaid.map(|_| key(&wish.user_id)))
        .bind(wish.requested_at)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(Answer::Settled(Placed::UnknownTicket)) };
    let Some(expires_at) = row.expires_at else {
        // Without a holder, whoever got the ticket committed while this statement waited for him.
        let is_anothers = row.holder.is_some_and(|holder| holder != wish.user_id.as_str());
        return Ok(if is_anothers { Answer::Settled(Placed::Reserved) } else { Answer::PerhapsHisOwn });
    };
    let price = row.price.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    let (id, version) = (wish.ticket_id.clone(), row::version(row.version)?);
    let ticket = Ticket { id, version, title: row.title, price };
    Ok(Answer::Settled(Placed::Order(Order {
        id: wish.order_id.clone(),
        version: 0,
        status: OrderStatus::Created,
        user_id: wish.user_id.clone(),
        expires_at: expires_at.into(),
        ticket,
        money: None,
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
