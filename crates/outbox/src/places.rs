//! Places of a stream in the columns of a table.

use messaging::Place;

/// `created_ns`, `sequence` and `stored_ns`.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub(crate) struct PlaceRow {
    pub(crate) created_ns: i64,
    pub(crate) sequence: i64,
    pub(crate) stored_ns: i64,
}

impl From<PlaceRow> for Place {
    fn from(PlaceRow { created_ns, sequence, stored_ns }: PlaceRow) -> Self {
        Self { created_ns, sequence: sequence_of(sequence), stored_ns }
    }
}

/// No stream has more messages than a `bigint` can count.
pub(crate) fn column(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

pub(crate) fn sequence_of(column: i64) -> u64 {
    u64::try_from(column).unwrap_or_default()
}
