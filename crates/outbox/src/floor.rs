//! Up to which position a table is empty for good whose rows come and go: the outbox, and what its relays remember.
//!
//! A deleted row stays in the table and its index as long as some snapshot may see it. While a dump holds one for an hour,
//! each look from the beginning would walk over all that was told in that hour. So looks begin behind the floor: every
//! row up to it is gone, and none can appear there any more.
//!
//! The second half needs proof, because transactions do not commit in the order in which they took their positions. A
//! position is read from the sequence first, and a snapshot is taken later: whoever had taken a position up to that one is
//! in progress in the snapshot, or has ended. Once the oldest transaction in progress is younger than that snapshot, all
//! of them have ended. Left out is who stands still for a second between taking a position and becoming a transaction,
//! with nothing written before; for that a relay looks from the beginning now and then.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use postgres::Database;

/// Time between two steps.
const STEP: Duration = Duration::from_secs(1);
/// Time between two looks from the beginning.
const FULL_LOOK: Duration = Duration::from_secs(60);

/// What one loop knows of the floor of a table.
#[derive(Debug)]
pub(crate) struct Floor {
    /// Reads [`Seen`] behind a floor.
    look: &'static str,
    state: Mutex<State>,
}

/// The statement of a table, and of its column.
macro_rules! look {
    ($table:literal, $column:literal) => {
        concat!(
            "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin,
                    pg_snapshot_xmax(pg_current_snapshot())::text::bigint as xmax,
                    (select min(",
            $column,
            ") from ",
            $table,
            " where ",
            $column,
            " > $1) as first,
                    coalesce(pg_sequence_last_value(pg_get_serial_sequence('",
            $table,
            "', '",
            $column,
            "')), 0) as newest"
        )
    };
}

#[derive(Debug, Default)]
struct State {
    floor: i64,
    /// The newest position at the step before.
    newest: Option<i64>,
    candidate: Option<Candidate>,
    stepped: Option<Instant>,
    looked: Option<Instant>,
}

/// A position that is the floor once every transaction older than `xmax` has ended.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    position: i64,
    xmax: i64,
}

/// What Postgres says at a step, all of one snapshot but `newest`, which is read after it was taken.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
struct Seen {
    /// The oldest transaction in progress.
    xmin: i64,
    /// The first transaction that had not begun.
    xmax: i64,
    /// The first row behind the floor.
    first: Option<i64>,
    /// The newest position that was taken.
    newest: i64,
}

impl Floor {
    pub(crate) fn of_outbox() -> Self {
        Self { look: look!("outbox", "position"), state: Mutex::default() }
    }

    pub(crate) fn of_told() -> Self {
        Self { look: look!("outbox_told", "id"), state: Mutex::default() }
    }

    /// Behind which position to look now: 0 each [`FULL_LOOK`].
    pub(crate) fn behind(&self) -> i64 {
        let mut state = self.state();
        if state.looked.is_none_or(|looked| looked.elapsed() >= FULL_LOOK) {
            state.looked = Some(Instant::now());
            return 0;
        }
        state.floor
    }

    pub(crate) fn get(&self) -> i64 {
        self.state().floor
    }

    /// Raises the floor if it can be, at most once each [`STEP`].
    ///
    /// # Errors
    /// What Postgres answers. The floor stays where it is.
    pub(crate) async fn step(&self, database: &Database) -> sqlx::Result<()> {
        let floor = {
            let mut state = self.state();
            if state.stepped.is_some_and(|stepped| stepped.elapsed() < STEP) {
                return Ok(());
            }
            state.stepped = Some(Instant::now());
            state.floor
        };
        let mut connection = database.connection().await?;
        let seen = sqlx::query_as(self.look);
        let seen = seen.bind(floor).fetch_one(&mut *connection).await?;
        connection.release();
        self.state().learn(seen);
        Ok(())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn learn(&mut self, seen: Seen) {
        if seen.newest < self.floor {
            // Another database, such as one that was restored: nothing of what was known holds.
            *self = Self::default();
            return;
        }
        if let Some(Candidate { position, xmax }) = self.candidate
            && seen.xmin >= xmax
        {
            let empty = seen.first.map_or(position, |first| position.min(first - 1));
            self.floor = self.floor.max(empty);
            self.candidate = None;
        }
        if self.candidate.is_none() {
            self.candidate = self.newest.map(|position| Candidate { position, xmax: seen.xmax });
        }
        self.newest = Some(seen.newest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floor_after(steps: &[(i64, i64, Option<i64>, i64)]) -> Vec<i64> {
        let mut state = State::default();
        let learned = steps.iter().map(|&(xmin, xmax, first, newest)| {
            state.learn(Seen { xmin, xmax, first, newest });
            state.floor
        });
        learned.collect()
    }

    #[test]
    fn the_floor_is_what_was_newest_before_a_snapshot_whose_transactions_have_all_ended() {
        assert_eq!(floor_after(&[(5, 5, None, 10), (6, 7, None, 20), (7, 9, None, 30)]), [0, 0, 10]);
    }

    #[test]
    fn a_transaction_that_is_still_in_progress_keeps_the_floor_down() {
        let steps = [(5, 5, None, 10), (6, 7, None, 20), (6, 900, None, 999), (6, 901, None, 999)];
        assert_eq!(floor_after(&steps), [0; 4]);
        assert_eq!(floor_after(&[&steps[..], &[(901, 902, None, 999)]].concat())[4], 10);
    }

    #[test]
    fn a_row_that_is_there_stays_above_the_floor() {
        assert_eq!(floor_after(&[(5, 5, None, 10), (6, 7, Some(4), 20), (7, 9, Some(4), 30)]), [0, 0, 3]);
    }

    #[test]
    fn what_was_known_of_another_database_is_forgotten() {
        let steps = [(5, 5, None, 10), (6, 7, None, 20), (7, 9, None, 30), (7, 9, None, 3)];
        assert_eq!(floor_after(&steps), [0, 0, 10, 0]);
    }
}
