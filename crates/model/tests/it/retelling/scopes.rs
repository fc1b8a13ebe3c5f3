//! The scopes that are checked.

use model::retelling::Scope;

/// One order is created and cancelled, one relay tells it, and the stream loses once.
pub(crate) const ONE_LOSS: Scope = Scope { changes: 2, relays: 1, end: 1, losses: 1, mishaps: 0, foreign: 1 };

/// The seat is sold again.
pub(crate) const SOLD_AGAIN: Scope = Scope { changes: 3, ..ONE_LOSS };

/// Two relays share the outbox.
pub(crate) const TWO_RELAYS: Scope = Scope { relays: 2, end: 0, ..ONE_LOSS };

/// The same, and what may store an event twice.
pub(crate) const TWO_FRAIL_RELAYS: Scope = Scope { mishaps: 1, foreign: 0, ..TWO_RELAYS };

/// The stream loses again, also while it is mended.
pub(crate) const TWO_LOSSES: Scope = Scope { losses: 2, ..ONE_LOSS };

/// A relay is killed, misses PubAcks and publishes after a loss.
pub(crate) const MISHAPS: Scope = Scope { mishaps: 2, end: 0, ..ONE_LOSS };

/// Two relays, and two losses.
pub(crate) const ALL_TWICE: Scope = Scope { losses: 2, foreign: 0, ..TWO_RELAYS };
