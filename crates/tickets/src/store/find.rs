//! Reading tickets.

use common::event::Id;

use super::{Store, row::TicketRow};
use crate::ticket::Ticket;

/// Which tickets a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that can be bought.
    Free,
    /// Those that an order holds, too: reserved, or sold.
    All,
}

/// What a list is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Which tickets it has.
    pub which: Which,
    /// Only this seller's.
    pub seller: Option<Id>,
}

impl Store {
    /// The ticket with this id.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn find(&self, ticket: &Id) -> sqlx::Result<Option<Ticket>> {
        let row: Option<TicketRow> = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let row = sqlx::query_as(
                "select id, version, title, price, user_id, order_id from tickets where id = $1",
            );
            let row = row.bind(ticket.as_str()).fetch_optional(&mut *connection).await?;
            connection.release();
            Ok(row)
        })
        .await?;
        row.map(Ticket::try_from).transpose()
    }

    /// Tickets, the oldest first: those behind the ticket `after`, at most `limit`. `None` if there is no ticket `after`,
    /// which may be held by now.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn list(
        &self,
        listing: &Listing,
        after: Option<&Id>,
        limit: i64,
    ) -> sqlx::Result<Option<Vec<Ticket>>> {
        let after = after.map(Id::as_str);
        let (seller, all) = (listing.seller.as_ref().map(Id::as_str), listing.which == Which::All);
        let list = match (seller, all) {
            (Some(_), _) => include_str!("list_of_seller.sql"),
            (None, false) => include_str!("list_free.sql"),
            (None, true) => include_str!("list.sql"),
        };
        let (rows, known): (Vec<TicketRow>, bool) = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let mut rows = sqlx::query_as(list).bind(after).bind(limit);
            if let Some(seller) = seller {
                rows = rows.bind(seller).bind(all);
            }
            let rows: Vec<TicketRow> = rows.fetch_all(&mut *connection).await?;
            // Behind an unknown ticket is nothing; only then it is worth another question.
            let known = if rows.is_empty() && after.is_some() {
                let known = sqlx::query_scalar("select exists (select from tickets where id = $1)");
                known.bind(after).fetch_one(&mut *connection).await?
            } else {
                true
            };
            connection.release();
            Ok((rows, known))
        })
        .await?;
        if !known {
            return Ok(None);
        }
        rows.into_iter().map(Ticket::try_from).collect::<sqlx::Result<_>>().map(Some)
    }
}
