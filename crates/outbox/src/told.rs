//! What the relays remember: up to where in the stream they have told.
//!
//! A row of the outbox that is gone was stored, and the broker may lose what it has stored. It loses the newest messages, or the
//! whole stream. So a relay remembers the newest message of those whose rows it deletes, in the same transaction: in Postgres,
//! for the process may be killed by the power cut that takes the broker's messages. If the stream has lost a message whose row is
//! gone, it has lost the message that the relay remembered with it, or one behind.
//!
//! Each relay has a row of its own and replaces it only after it has seen that message in the stream: after a loss a stream grows
//! again, and a newer message would hide that an older one is lost. So relays need not agree on anything, and a relay that
//! is killed leaves its row behind. The check takes rows away that others make superfluous.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use messaging::{Broker, Place};
use postgres::Database;
use sqlx::PgConnection;

use crate::places::{PlaceRow, column};

/// A row of `outbox_told`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) id: i64,
    pub(crate) place: Place,
}

/// The row of one relay.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Own>);

#[derive(Clone, Copy, Debug, Default)]
struct Own {
    row: Option<Remembered>,
    /// The stream did not have it when it was looked at last.
    is_lost: bool,
}

impl Memory {
    pub(crate) fn row(&self) -> Option<Remembered> {
        self.own().row
    }

    /// Called after the commit with which `row` has replaced the one before.
    pub(crate) fn remember(&self, row: Remembered) {
        *self.own() = Own { row: Some(row), is_lost: false };
    }

    /// The stream does not have what is remembered.
    pub(crate) fn doubt(&self) {
        self.own().is_lost = true;
    }

    /// Whether the relay has to wait: what it remembers is lost, and the check has not told again yet.
    pub(crate) async fn waits(&self, database: &Database, broker: &Broker) -> anyhow::Result<bool> {
        let Own { row: Some(Remembered { id, place }), is_lost: true } = *self.own() else {
            return Ok(false);
        };
        let mut connection = database.connection().await?;
        let found = sqlx::query_scalar("select exists (select from outbox_told where id = $1)");
        let is_kept: bool = found.bind(id).fetch_one(&mut *connection).await?;
        connection.release();
        let waits = is_kept && !broker.still_has(broker.service(), place).await?;
        *self.own() = Own { row: is_kept.then_some(Remembered { id, place }), is_lost: waits };
        Ok(waits)
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a pass deletes and remembers, in one statement of its transaction.
#[derive(Debug)]
pub(crate) struct Deletion<'a> {
    /// Rows of the outbox that the transaction holds.
    pub(crate) positions: &'a [i64],
    /// The newest of them in the stream.
    pub(crate) newest: Place,
    /// What the relay has remembered before.
    pub(crate) before: Option<Remembered>,
}

impl Deletion<'_> {
    /// Does so, and answers what the relay remembers once that is committed.
    pub(crate) async fn run(&self, connection: &mut PgConnection) -> sqlx::Result<Option<Remembered>> {
        let kept = self.before.filter(|before| covers(before.place, self.newest));
        let newest = kept.is_none().then_some(self.newest);
        let (deleted, id): (i64, Option<i64>) = sqlx::query_as(
            "with deleted as (
               delete from outbox where position = any($1) returning position
             ), forgotten as (
               delete from outbox_told where id = $2
             ), told as (
               insert into outbox_told (created_ns, sequence, stored_ns)
               select $3, $4, $5 where $3 is not null
               returning id
             )
             select (select count(*) from deleted), (select id from told)",
        )
        .bind(self.positions)
        .bind(newest.and(self.before).map(|before| before.id))
        .bind(newest.map(|newest| newest.created_ns))
        .bind(newest.map(|newest| column(newest.sequence)))
        .bind(newest.map(|newest| newest.stored_ns))
        .fetch_one(connection)
        .await?;
        if usize::try_from(deleted) != Ok(self.positions.len()) {
            let text = format!("deleted {deleted} of {} locked outbox rows", self.positions.len());
            return Err(sqlx::Error::Protocol(text));
        }
        Ok(id.map_or(kept, |id| Some(Remembered { id, place: self.newest })))
    }
}

/// A PubAck of an event that was stored before names a message further back.
fn covers(remembered: Place, newest: Place) -> bool {
    remembered.created_ns == newest.created_ns && remembered.sequence >= newest.sequence
}

/// Remembers that a message was lost before its row was deleted: a consumer may have taken it and be ahead of the stream, so the
/// check has to find it. No stream has this place.
pub(crate) async fn remember_lost(database: &Database, sequence: u64) -> sqlx::Result<()> {
    let mut connection = database.connection().await?;
    insert(&mut connection, Place { created_ns: 0, sequence, stored_ns: 0 }).await?;
    connection.release();
    Ok(())
}

pub(crate) async fn insert(connection: &mut PgConnection, place: Place) -> sqlx::Result<()> {
    sqlx::query("insert into outbox_told (created_ns, sequence, stored_ns) values ($1, $2, $3)")
        .bind(place.created_ns)
        .bind(column(place.sequence))
        .bind(place.stored_ns)
        .execute(connection)
        .await
        .map(drop)
}

/// What is remembered, and since when it may be lacking.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) rows: Vec<Remembered>,
    /// If it was asked for: whatever was changed before was stored, and its row deleted, when this was read.
    pub(crate) since: Option<DateTime<Utc>>,
}

#[derive(Debug, sqlx::FromRow)]
struct SeenRow {
    id: Option<i64>,
    created_ns: Option<i64>,
    sequence: Option<i64>,
    stored_ns: Option<i64>,
    since: Option<DateTime<Utc>>,
}

/// Reads all rows behind a position up to which there is none, in one snapshot with what waits in the outbox, and that only if
/// there is a `horizon`: the begin of the oldest transaction that may still be open, asked before.
pub(crate) async fn read(
    connection: &mut PgConnection,
    floor: i64,
    horizon: Option<DateTime<Utc>>,
) -> sqlx::Result<Seen> {
    let found: Vec<SeenRow> = sqlx::query_as(
        "select told.id, told.created_ns, told.sequence, told.stored_ns,
                case when $2::timestamptz is not null
                     then least($2, (select min(coalesce(changed_at, created_at)) from outbox))
                end as since
         from (values (true)) as one (row) left join outbox_told told on told.id > $1",
    )
    .bind(floor)
    .bind(horizon)
    .fetch_all(connection)
    .await?;
    let since = found.first().and_then(|row| row.since);
    let row = |row: SeenRow| {
        let (created_ns, sequence, stored_ns) = (row.created_ns?, row.sequence?, row.stored_ns?);
        Some(Remembered { id: row.id?, place: PlaceRow { created_ns, sequence, stored_ns }.into() })
    };
    Ok(Seen { rows: found.into_iter().filter_map(row).collect(), since })
}

/// Takes rows away that are not needed, because the stream has another one that is behind them. Those of relays that are at work
/// are left to them: each will be replaced in a moment.
pub(crate) async fn prune(connection: &mut PgConnection, rows: &[Remembered]) -> sqlx::Result<()> {
    let Some(newest) = rows.iter().max_by_key(|row| (row.place.sequence, row.id)) else { return Ok(()) };
    let others: Vec<i64> = rows.iter().map(|row| row.id).filter(|id| *id != newest.id).collect();
    if others.is_empty() {
        return Ok(());
    }
    sqlx::query("delete from outbox_told where id = any($1) and at < now() - interval '10 seconds'")
        .bind(others)
        .execute(connection)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn place(created_ns: i64, sequence: u64) -> Place {
        Place { created_ns, sequence, stored_ns: 7 }
    }

    #[test]
    fn a_message_of_another_stream_is_newer_whatever_its_sequence() {
        assert!(covers(place(1, 5), place(1, 5)));
        assert!(covers(place(1, 6), place(1, 5)));
        assert!(!covers(place(1, 5), place(1, 6)));
        assert!(!covers(place(1, 6), place(2, 5)));
    }
}
