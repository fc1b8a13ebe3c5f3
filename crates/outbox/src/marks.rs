//! Marks: since when things have to be told again, and no longer.
//!
//! A mark says that whatever was changed before an instant was stored up to a place of the stream. If the stream still has the
//! place, only what was changed since has to be told again. The instant of the last check that was well would not do: a
//! stream that is restored from an hour ago has lost what every check in that hour found well. So there is one a minute.
//!
//! The instant is the oldest of the clock, the begin of the oldest transaction that may be open, and the changes that wait in the
//! outbox, told again or not. The order in which these are asked makes it true: first the transactions, then in one snapshot the
//! outbox and what the relays remember, then the stream's last message, which is the place, and at last whether the stream still has
//! what is remembered. A transaction that commits in between was seen as open; and a loss in between takes the place or
//! something that is remembered.

use std::time::Duration;

use chrono::{DateTime, Utc};
use messaging::Place;
use sqlx::PgConnection;

use crate::places::{PlaceRow, column};

/// Since when something has to be told again, and behind which place of the stream it may be lacking.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) place: Place,
    pub(crate) since: DateTime<Utc>,
}

#[derive(Debug, sqlx::FromRow)]
struct MarkRow {
    #[sqlx(flatten)]
    place: PlaceRow,
    since: DateTime<Utc>,
}

impl From<MarkRow> for Mark {
    fn from(MarkRow { place, since }: MarkRow) -> Self {
        Self { place: place.into(), since }
    }
}

/// If it is time for a new mark: the begin of the oldest transaction that may be open. Sessions of other roles may not be seen:
/// they get ten minutes. Ten seconds more, for the clock of a server that takes over.
pub(crate) async fn horizon(connection: &mut PgConnection) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar(
        "select case when coalesce(
                  (select made_at from outbox_marks order by id desc limit 1)
                    not between now() - interval '1 minute' and now(), true)
           then (
             select least(now(), min(xact_start),
                          case when bool_or(query = '<insufficient privilege>') then now() - interval '10 minutes' end)
                    - interval '10 seconds'
             from pg_stat_activity
             where datname = current_database()
               and (backend_type = 'client backend' or query = '<insufficient privilege>'))
         end",
    )
    .fetch_one(connection)
    .await
}

/// Makes a mark, and takes those of more than 14 days ago away, which is twice as long as a stream keeps events unless told otherwise,
/// but for the one from which would be told again what a listener has not come for. Where one is missing, more is told again.
pub(crate) async fn make(connection: &mut PgConnection, mark: Mark) -> sqlx::Result<()> {
    sqlx::query(
        "with old as (
           delete from outbox_marks
           where made_at < now() - interval '14 days' and id not in (
             select m.id from outbox_taken t cross join lateral (
               select id from outbox_marks
               where created_ns = t.created_ns and sequence <= t.sequence
               order by sequence desc, id desc limit 1) m)
         )
         insert into outbox_marks (created_ns, sequence, stored_ns, since) values ($1, $2, $3, $4)",
    )
    .bind(mark.place.created_ns)
    .bind(column(mark.place.sequence))
    .bind(mark.place.stored_ns)
    .bind(mark.since)
    .execute(connection)
    .await
    .map(drop)
}

/// The marks of a stream up to a sequence, the newest first.
pub(crate) async fn up_to(
    connection: &mut PgConnection,
    created_ns: i64,
    sequence: u64,
) -> sqlx::Result<Vec<Mark>> {
    let marks: Vec<MarkRow> = sqlx::query_as(
        "select created_ns, sequence, stored_ns, since from outbox_marks
         where created_ns = $1 and sequence <= $2 order by sequence desc, id desc",
    )
    .bind(created_ns)
    .bind(column(sequence))
    .fetch_all(connection)
    .await?;
    Ok(marks.into_iter().map(Mark::from).collect())
}

/// Since when to tell again what a consumer has not taken behind this sequence of a stream; `None`: there is no mark.
pub(crate) async fn since(
    connection: &mut PgConnection,
    created_ns: i64,
    sequence: u64,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar(
        "select since from outbox_marks where created_ns = $1 and sequence <= $2
         order by sequence desc, id desc limit 1",
    )
    .bind(created_ns)
    .bind(column(sequence))
    .fetch_optional(connection)
    .await
}

/// So long ago by the clock of Postgres, and ten seconds more for that of another server.
pub(crate) async fn ago(connection: &mut PgConnection, age: Duration) -> sqlx::Result<DateTime<Utc>> {
    let ago = sqlx::query_scalar("select now() - $1 * interval '1 millisecond' - interval '10 seconds'");
    ago.bind(milliseconds(age)).fetch_one(connection).await
}

/// So long before the first mark, or before now.
pub(crate) async fn before_all(connection: &mut PgConnection, age: Duration) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar(
        "select least(now(), (select min(since) from outbox_marks))
                  - $1 * interval '1 millisecond' - interval '10 seconds'",
    )
    .bind(milliseconds(age))
    .fetch_one(connection)
    .await
}

fn milliseconds(age: Duration) -> i64 {
    i64::try_from(age.as_millis()).unwrap_or(i64::MAX)
}
