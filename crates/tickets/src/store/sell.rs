//! Putting a ticket up for sale.

use common::{
    event::{Id, Price},
    traceparent::Traceparent,
};
use metrics::counter;
use outbox::enqueue;
use postgres::Failure;
use sqlx::PgConnection;
use tracing::info;

use super::Store;
use crate::ticket::Ticket;

/// A ticket that a seller wants to sell.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The id that the ticket will have, made by the caller so that running it again sells nothing twice.
    pub id: Id,
    /// What the seat is for; not empty.
    pub title: String,
    /// What it costs; above 0.
    pub price: Price,
    /// The seller.
    pub user_id: Id,
    /// Trace context of the request.
    pub traceparent: Traceparent,
}

impl Store {
    /// Puts a ticket up for sale and `ticket:created` into the outbox.
    ///
    /// # Errors
    /// What Postgres answers. The ticket may be for sale all the same, if the answer to the commit was lost twice.
    pub async fn sell(&self, draft: &Draft) -> sqlx::Result<Ticket> {
        let ticket = Ticket {
            id: draft.id.clone(),
            version: 0,
            title: draft.title.clone(),
            price: draft.price,
            user_id: draft.user_id.clone(),
            order_id: None,
        };
        match self.sell_once(&ticket, &draft.traceparent).await {
            // The answer was lost, perhaps that to the commit; without a connection nothing was asked.
            Err(error)
                if Failure::of(&error) == Failure::Unavailable
                    && !matches!(error, sqlx::Error::PoolTimedOut) =>
            {
                self.sell_once(&ticket, &draft.traceparent).await?;
            }
            answer => answer?,
        }
        self.wake.ring();
        counter!("tickets_created_total").increment(1);
        info!(ticket = %ticket.id, "ticket {} is for sale", ticket.id);
        Ok(ticket)
    }

    async fn sell_once(&self, ticket: &Ticket, traceparent: &Traceparent) -> sqlx::Result<()> {
        postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            if insert(&mut transaction, ticket).await? {
                enqueue(&mut transaction, &ticket.created(), Some(traceparent)).await?;
            }
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

/// Whether it was not there before.
async fn insert(connection: &mut PgConnection, ticket: &Ticket) -> sqlx::Result<bool> {
    let inserted = sqlx::query(
        "insert into tickets (id, title, price, user_id) values ($1, $2, $3, $4) on conflict (id) do nothing",
    )
    .bind(ticket.id.as_str())
    .bind(&ticket.title)
    .bind(ticket.price.as_decimal())
    .bind(ticket.user_id.as_str())
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}
