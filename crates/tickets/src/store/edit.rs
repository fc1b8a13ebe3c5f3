//! Changing a ticket.

use std::{num::NonZeroU32, time::Duration};

use common::{
    event::{Id, Price},
    traceparent::Traceparent,
};
use outbox::enqueue;
use postgres::row::expect_rows;
use sqlx::PgConnection;
use tracing::info;

use super::{Store, row::TicketRow};
use crate::ticket::{EditRefusal, Ticket};

/// A seller's change of a ticket.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The ticket.
    pub ticket: Id,
    /// Who wants to change it.
    pub user_id: Id,
    /// The versions that the change is meant for; `None` is any.
    pub versions: Option<Vec<u32>>,
    /// What the seat is for; not empty.
    pub title: String,
    /// What it costs; above 0.
    pub price: Price,
    /// How many changes a seller may make in a minute. `None` is no limit.
    pub most_a_minute: Option<NonZeroU32>,
    /// Trace context of the request.
    pub traceparent: Traceparent,
}

/// Why a ticket is not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The rules are against it.
    #[error(transparent)]
    Refused(#[from] EditRefusal),
    /// The seller has made as many changes in this minute as he may: the time until the next one.
    #[error("too many changes, the next in {0:?}")]
    TooMany(Duration),
    /// What Postgres answers.
    #[error("change a ticket")]
    Database(#[from] sqlx::Error),
}

impl Store {
    /// Changes a ticket and puts `ticket:updated` into the outbox. Answers how it stands now.
    ///
    /// # Errors
    /// For a ticket that the user may not change, and what Postgres answers. Then it may have been changed all the same,
    /// if the answer to the commit was lost.
    pub async fn edit(&self, edit: &Edit) -> Result<Ticket, EditError> {
        let edited = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let edited = change(&mut transaction, edit).await?;
            if let (Ok(_), Some(wait)) = (&edited, wait(&mut transaction, edit).await?) {
                transaction.rollback().await?;
                return Ok(Err(EditError::TooMany(wait)));
            }
            transaction.commit().await?;
            Ok(edited.map_err(EditError::Refused))
        })
        .await?;
        let ticket = edited?;
        self.wake.ring();
        info!(ticket = %ticket.id, version = ticket.version, "ticket {} was changed", ticket.id);
        Ok(ticket)
    }
}

/// Counts a change, and says how long until the next minute begins if it is one too many for this. Last of all, so that
/// one seller's changes wait for each other only while they commit.
async fn wait(connection: &mut PgConnection, edit: &Edit) -> sqlx::Result<Option<Duration>> {
    let Some(most) = edit.most_a_minute else { return Ok(None) };
    let (edits, wait_s): (i32, f64) = sqlx::query_as(
        "insert into edits as e (user_id, minute, edits) values ($1, date_trunc('minute', now()), 1)
         on conflict (user_id) do update
         set edits = case when e.minute = excluded.minute then e.edits + 1 else 1 end, minute = excluded.minute
         returning edits, extract(epoch from minute + interval '1 minute' - now())::float8",
    )
    .bind(edit.user_id.as_str())
    .fetch_one(connection)
    .await?;
    let is_too_many = u32::try_from(edits).is_ok_and(|edits| edits > most.get());
    Ok(is_too_many.then(|| Duration::try_from_secs_f64(wait_s).unwrap_or_default()))
}

/// The outer error is Postgres', the inner one the rules'.
async fn change(connection: &mut PgConnection, edit: &Edit) -> sqlx::Result<Result<Ticket, EditRefusal>> {
    let row: Option<TicketRow> = sqlx::query_as(
        "select id, version, title, price, user_id, order_id from tickets where id = $1 for update",
    )
    .bind(edit.ticket.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(Err(EditRefusal::UnknownTicket)) };
    let ticket = Ticket::try_from(row)?;
    if let Err(refusal) = ticket.may_edit(&edit.user_id, edit.versions.as_deref()) {
        return Ok(Err(refusal));
    }
    let updated =
        sqlx::query("update tickets set title = $2, price = $3, version = version + 1 where id = $1")
            .bind(edit.ticket.as_str())
            .bind(&edit.title)
            .bind(edit.price.as_decimal())
            .execute(&mut *connection)
            .await?;
    expect_rows(updated.rows_affected(), 1, "changing a ticket")?;
    let ticket =
        Ticket { version: ticket.version + 1, title: edit.title.clone(), price: edit.price, ..ticket };
    enqueue(connection, &ticket.updated(), Some(&edit.traceparent)).await?;
    Ok(Ok(ticket))
}
