//! Up to where each listener has taken what the stream had.
//!
//! A stream keeps events for some days. What a listener has not come for by then is gone, and the broker says nothing: its
//! consumer simply goes on behind. So each check notes up to where every consumer has taken everything. If the stream begins behind
//! that, something fell out before the listener came; and once the listener is back, what was changed since then is told
//! again. Not before: it would fall out as well.

use messaging::Floor;
use sqlx::PgConnection;

use crate::places::{column, sequence_of};

/// Up to where a consumer was seen to have taken everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) consumer: String,
    pub(crate) created_ns: i64,
    pub(crate) sequence: u64,
}

/// How a consumer stands to its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing fell out before it was taken: everything up to here is taken.
    Well(u64),
    /// So many messages fell out before it came for them, and it has not come yet.
    Away(u64),
    /// So many fell out, and it goes on behind them.
    Back(u64),
}

impl Standing {
    /// `before` is up to where it had taken everything, `None` if that is not known; `last` is of the stream, asked before the
    /// consumer, and `first` as well, asked after it: else what falls out in between would look as if it were taken.
    pub(crate) fn of(before: Option<u64>, floor: &Floor, first: u64, last: u64) -> Self {
        let fell_out = first.saturating_sub(1);
        match before {
            // What fell out before it was looked at for the first time was nothing to it.
            None => Self::Well(floor.taken(last).max(fell_out)),
            Some(before) if before >= fell_out => Self::Well(floor.taken(last).max(before)),
            // The broker moves the floor of a consumer that is away up to what fell out, but never beyond.
            Some(before) if floor.acked > fell_out || floor.is_idle() && floor.waiting > 0 => {
                Self::Back(fell_out - before)
            }
            Some(before) => Self::Away(fell_out - before),
        }
    }
}

pub(crate) async fn read(connection: &mut PgConnection) -> sqlx::Result<Vec<Taken>> {
    let rows: Vec<(String, i64, i64)> =
        sqlx::query_as("select consumer, created_ns, sequence from outbox_taken order by consumer")
            .fetch_all(connection)
            .await?;
    let taken =
        |(consumer, created_ns, sequence)| Taken { consumer, created_ns, sequence: sequence_of(sequence) };
    Ok(rows.into_iter().map(taken).collect())
}

/// Notes how far consumers have come; the same consumer once in five seconds at most, and never less than was noted.
pub(crate) async fn raise(connection: &mut PgConnection, taken: &[Taken]) -> sqlx::Result<()> {
    write(
        connection,
        taken,
        "insert into outbox_taken as t (consumer, created_ns, sequence)
         select * from unnest($1::text[], $2::bigint[], $3::bigint[])
         on conflict (consumer) do update
         set created_ns = excluded.created_ns, sequence = excluded.sequence, seen_at = now()
         where t.created_ns <> excluded.created_ns
            or t.sequence < excluded.sequence and t.seen_at < now() - interval '5 seconds'",
    )
    .await
}

/// Notes where consumers begin again, also if that is further back.
pub(crate) async fn set(connection: &mut PgConnection, taken: &[Taken]) -> sqlx::Result<()> {
    write(
        connection,
        taken,
        "insert into outbox_taken as t (consumer, created_ns, sequence)
         select * from unnest($1::text[], $2::bigint[], $3::bigint[])
         on conflict (consumer) do update
         set created_ns = excluded.created_ns, sequence = excluded.sequence, seen_at = now()",
    )
    .await
}

async fn write(connection: &mut PgConnection, taken: &[Taken], statement: &'static str) -> sqlx::Result<()> {
    if taken.is_empty() {
        return Ok(());
    }
    // In one order, so that two of these statements never wait for each other in a circle.
    let mut sorted: Vec<&Taken> = taken.iter().collect();
    sorted.sort_by(|a, b| a.consumer.cmp(&b.consumer));
    let consumers: Vec<&str> = sorted.iter().map(|taken| taken.consumer.as_str()).collect();
    let streams: Vec<i64> = sorted.iter().map(|taken| taken.created_ns).collect();
    let sequences: Vec<i64> = sorted.iter().map(|taken| column(taken.sequence)).collect();
    let written = sqlx::query(statement).bind(consumers).bind(streams).bind(sequences);
    written.execute(connection).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floor(acked: u64, pending: u64) -> Floor {
        Floor { acked, delivered: acked, pending, in_hand: 0, waiting: 0 }
    }

    #[test]
    fn a_consumer_with_nothing_to_do_has_taken_all_that_the_stream_has() {
        assert_eq!(Standing::of(Some(40), &floor(7, 0), 1, 90), Standing::Well(90));
        assert_eq!(Standing::of(Some(40), &floor(50, 3), 1, 90), Standing::Well(50));
    }

    #[test]
    fn a_consumer_whose_last_event_is_older_than_the_stream_has_missed_nothing() {
        // One of its events has just been stored, and its floor is still at the one before.
        assert_eq!(Standing::of(Some(89), &floor(7, 1), 80, 90), Standing::Well(89));
    }

    #[test]
    fn what_fell_out_is_missed_by_a_consumer_that_had_not_come_for_it() {
        assert_eq!(Standing::of(Some(40), &floor(40, 9), 61, 90), Standing::Away(20));
        assert_eq!(Standing::of(Some(40), &floor(60, 9), 61, 90), Standing::Away(20));
        assert_eq!(Standing::of(Some(40), &floor(61, 9), 61, 90), Standing::Back(20));
        // All of it fell out, and it is there or not.
        let away = floor(40, 0);
        assert_eq!(Standing::of(Some(40), &away, 91, 90), Standing::Away(50));
        assert_eq!(Standing::of(Some(40), &Floor { waiting: 1, ..away }, 91, 90), Standing::Back(50));
    }

    #[test]
    fn a_consumer_that_was_never_looked_at_has_missed_nothing() {
        assert_eq!(Standing::of(None, &floor(0, 9), 61, 90), Standing::Well(60));
        assert_eq!(Standing::of(None, &floor(70, 9), 61, 90), Standing::Well(70));
    }
}
