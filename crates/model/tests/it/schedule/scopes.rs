//! The scopes that are checked.

use model::schedule::{Fact, News, Scope};

const fn fact(order: u8, news: News) -> Fact {
    Fact { order, news }
}

const ONE: &[Fact] = &[fact(0, News::Created)];
const EXTENDED: &[Fact] = &[fact(0, News::Created), fact(0, News::Extended)];

/// Nothing fails, and every clock is right.
const HEALTH: Scope = Scope {
    facts: ONE,
    foreign_from: 1,
    clocks: [0, 0],
    redis_clock: 0,
    frail_relay: false,
    frail_rebuild: false,
    redelivers: false,
    advances: false,
    redis_loses: false,
    stream_loses: false,
    losses: 0,
};

/// Two orders, one of them extended and the other foreign. Workers fail, and nothing is lost.
pub(crate) const WORKERS: Scope = Scope {
    facts: &[fact(0, News::Created), fact(0, News::Extended), fact(1, News::Created)],
    frail_relay: true,
    redelivers: true,
    ..HEALTH
};

/// One worker's clock is ahead and the other's behind.
pub(crate) const CLOCKS: Scope = Scope { facts: EXTENDED, clocks: [1, -1], ..WORKERS };
pub(crate) const REDIS_AHEAD: Scope = Scope { redis_clock: 1, ..CLOCKS };
pub(crate) const REDIS_BEHIND: Scope = Scope { redis_clock: -1, ..CLOCKS };

/// Redis loses once, while workers fail at whatever they do.
pub(crate) const FIRING: Scope =
    Scope { frail_relay: true, frail_rebuild: true, advances: true, redis_loses: true, losses: 1, ..HEALTH };

/// The same with an extension, and a checkpoint that only a rebuild moves.
pub(crate) const FIRING_EXTENDED: Scope = Scope { facts: EXTENDED, advances: false, ..FIRING };

/// Redis loses twice, also in the middle of a rebuild.
pub(crate) const TWICE: Scope = Scope { facts: EXTENDED, frail_relay: false, losses: 2, ..FIRING };

/// An own order and a foreign one.
pub(crate) const FOREIGN: Scope =
    Scope { facts: &[fact(0, News::Created), fact(1, News::Created)], losses: 1, ..TWICE };

/// Events are delivered again.
pub(crate) const REDELIVERED: Scope = Scope { redelivers: true, losses: 1, ..TWICE };

/// An order that is cancelled.
pub(crate) const CANCELLED: Scope =
    Scope { facts: &[fact(0, News::Created), fact(0, News::Cancelled)], ..REDELIVERED };

/// Two orders with everything that may be told of them. Rebuilds do not fail.
pub(crate) const FOUR_EVENTS: Scope = Scope {
    facts: &[
        fact(0, News::Created),
        fact(0, News::Extended),
        fact(1, News::Created),
        fact(1, News::Cancelled),
    ],
    frail_rebuild: false,
    ..FOREIGN
};

/// The stream loses as well as Redis, or twice. Rebuilds do not fail.
pub(crate) const STREAM: Scope = Scope { frail_rebuild: false, stream_loses: true, losses: 2, ..FOREIGN };

/// The stream or Redis loses once, and whatever rebuilds fails.
pub(crate) const STREAM_OR_REDIS: Scope = Scope { frail_rebuild: true, losses: 1, ..STREAM };
