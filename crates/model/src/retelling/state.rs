//! What everybody has and knows at one moment.

use super::stream::{Fact, Stream};
use crate::place::Place;

/// Orders that a state has room for: both of one seat.
pub(crate) const ORDERS: usize = 2;
/// Relays of `orders`.
pub(crate) const RELAYS: usize = 2;

/// One moment of the whole system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Postgres' clock.
    pub(crate) time: u8,
    pub(crate) postgres: Postgres,
    pub(crate) stream: Stream,
    pub(crate) tickets: Tickets,
    pub(crate) relays: [Option<Pass>; RELAYS],
    pub(crate) check: Option<Check>,
    /// What may still go wrong.
    pub(crate) losses: u8,
    pub(crate) mishaps: u8,
    pub(crate) foreign: u8,
}

/// The database of `orders`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Postgres {
    pub(crate) rows: [Row; ORDERS],
    /// A change that is not committed yet.
    pub(crate) open: Option<Change>,
    /// The outbox, a row for each fact that it can hold: when that was changed of which it tells.
    pub(crate) outbox: [Option<u8>; 4],
    /// The last message that was acknowledged: whatever was deleted from the outbox is stored up to it.
    pub(crate) remembered: Place,
    pub(crate) mark: Mark,
}

/// The row of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) order: Order,
    pub(crate) changed_at: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Order {
    Absent,
    Unpaid,
    Cancelled,
}

/// A transaction: what it changes, and when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Change {
    pub(crate) fact: Fact,
    pub(crate) began_at: u8,
}

/// Whatever was changed before `since` was stored up to `place`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    pub(crate) place: Place,
    pub(crate) since: u8,
}

/// A row of the outbox in the hands of a relay, whose transaction holds its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pass {
    /// None if there is another row for the fact by now.
    pub(crate) slot: Option<u8>,
    /// Where the PubAck said that it is.
    pub(crate) place: Place,
    /// The remembered message that was seen in the stream after the PubAck.
    pub(crate) verified: Option<Place>,
}

/// A check that has found a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Check {
    /// What was remembered.
    pub(crate) remembered: Place,
    /// The last message that the stream still had.
    pub(crate) last: Place,
    /// Up to which place nothing was lost, and since when that must be told again which is not there.
    pub(crate) mark: Mark,
    pub(crate) stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stage {
    Looked,
    /// The consumers are put right.
    PutRight,
    /// A wrong check has stored that all is well, and tells again after it.
    StoredFirst,
    /// A wrong check has told again, and puts the consumers right after it.
    ToldFirst,
}

/// The listener: the seat, and the orders of which it knows that they are cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tickets {
    pub(crate) holder: Option<u8>,
    /// A bit for each order.
    pub(crate) tombstones: u8,
}

impl State {
    /// Nothing was ordered yet.
    pub(crate) fn first(losses: u8, mishaps: u8, foreign: u8) -> Self {
        let place = Place::before_first(0);
        Self {
            time: 0,
            postgres: Postgres {
                rows: [Row { order: Order::Absent, changed_at: 0 }; ORDERS],
                open: None,
                outbox: [None; 4],
                remembered: place,
                mark: Mark { place, since: 0 },
            },
            stream: Stream::EMPTY,
            tickets: Tickets { holder: None, tombstones: 0 },
            relays: [None; RELAYS],
            check: None,
            losses,
            mishaps,
            foreign,
        }
    }

    /// The same with the relays in order: which is which is nothing to anybody.
    pub(crate) fn with_relays_in_order(mut self) -> Self {
        self.relays.sort_unstable();
        self
    }
}

impl Postgres {
    pub(crate) fn row(&self, order: u8) -> &Row {
        &self.rows[usize::from(order)]
    }
}

impl Tickets {
    pub(crate) fn is_buried(&self, order: u8) -> bool {
        self.tombstones & (1 << order) != 0
    }
}

/// The facts that the outbox can hold, by its rows.
pub(crate) const FACTS: [Fact; 4] =
    [Fact::Created(0), Fact::Cancelled(0), Fact::Created(1), Fact::Cancelled(1)];

/// The row of the outbox for a fact.
pub(crate) fn slot(fact: Fact) -> u8 {
    match fact {
        Fact::Created(order) => 2 * order,
        Fact::Cancelled(order) => 2 * order + 1,
        Fact::Foreign => 0,
    }
}
