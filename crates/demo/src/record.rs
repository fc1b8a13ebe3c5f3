//! What the judge is told of the story: what people were answered, and what was broken.

use std::sync::PoisonError;

use judge::{Bounds, Placed, Record};

use super::{ledger::Entry, mischief::Done, story::Story};

/// All that was seen of it from outside.
pub(super) fn of(story: &Story<'_>) -> (Record, Bounds) {
    let entries = story.ledger.entries();
    let Done { harms, poison, mended } = story.mischief.done();
    let record = Record {
        placed: entries.iter().map(placed).collect(),
        cancellations: entries.iter().filter_map(|entry| entry.cancelled.clone()).collect(),
        extensions: entries.iter().filter_map(|entry| entry.extended.clone()).collect(),
        poison,
        mended,
        complete_at_ms: story.complete_at_ms.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        ..Record::default()
    };
    (record, Bounds { harms, ..Bounds::default() })
}

fn placed(entry: &Entry) -> Placed {
    let Entry { order, ticket, expires_at, placed_at_ms, known, .. } = entry.clone();
    Placed { order, ticket, expires_at, at_ms: placed_at_ms, known }
}
