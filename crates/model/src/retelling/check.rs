//! The check: whether the broker has lost what it had acknowledged, and what is done about it.
//!
//! It asks whether the stream has the remembered message: created at the same time, the same sequence, stored at the same
//! instant. If not, it does the following in this order, from the beginning each time until the last is done:
//!
//! 1. It reads the stream's last message, and whether the stream has the place of the *mark*. A mark says that whatever
//!    was changed before an instant was stored up to a place. If the place is still there, only what was changed since the
//!    instant has to be told again, and otherwise everything. The instant of the last check would not do: a stream that is
//!    restored from an hour ago has lost what every check in that hour found well.
//! 2. It makes every consumer anew that is beyond the mark, to begin behind it: what takes the lost sequences would never
//!    be delivered. By then consumers need not be ahead of the stream any more, so it does not ask whether they are.
//! 3. One statement puts into the outbox what was changed since, in new rows even if there are some already (a relay may
//!    be about to delete one for a message that is lost), and remembers the last message of 1, if what was remembered is
//!    still the same.
//!
//! A mark is made by one statement, of one snapshot: the place is what is remembered; the instant is the oldest of the
//! clock, the begin of the oldest open transaction (or as long ago as a transaction may take), and the changes that wait in
//! the outbox, told again or not. It costs the broker nothing. One mark is enough; with one a minute, a stream from an hour
//! ago has not everything told again.

use super::{
    mistake::Mistake,
    relay,
    state::{Check, Mark, Order, Stage, State, slot},
    stream::Fact,
    system::System,
};
use crate::place::Place;

/// Makes a new mark.
pub(crate) fn mark(system: &System, state: &mut State) {
    let postgres = &mut state.postgres;
    let mut since = state.time;
    if let Some(open) = postgres.open
        && !system.errs(Mistake::MarkWithoutMargin)
    {
        since = since.min(open.began_at);
    }
    if !system.errs(Mistake::MarkWithoutOutbox) {
        since = postgres.outbox.iter().flatten().fold(since, |since, changed_at| since.min(*changed_at));
    }
    postgres.mark = Mark { place: postgres.remembered, since };
}

pub(crate) fn can_look(system: &System, state: &State) -> bool {
    state.check.is_none() && !relay::is_well(system, state)
}

pub(crate) fn look(system: &System, state: &mut State) {
    let mark = state.postgres.mark;
    let last = state.stream.place(state.stream.last());
    let nothing = Mark { place: Place::before_first(state.stream.created), since: 0 };
    let mark = if state.stream.has(mark.place) {
        mark
    } else if system.errs(Mistake::SinceLastMark) {
        Mark { since: mark.since, ..nothing }
    } else {
        nothing
    };
    let remembered = state.postgres.remembered;
    state.check = Some(Check { remembered, last, mark, stage: Stage::Looked });
}

pub(crate) fn put_right(system: &System, state: &mut State) {
    let Some(mut check) = state.check else { return };
    let is_left = |consumer| match system.mistake {
        Some(Mistake::LeaveConsumers) => true,
        Some(Mistake::OneConsumer) => consumer == 0,
        _ => false,
    };
    for consumer in [0, 1].into_iter().filter(|consumer| !is_left(*consumer)) {
        let behind = check.mark.place.sequence;
        if state.stream.is_beyond(consumer, behind) {
            state.stream.begin_again(consumer, behind);
        }
    }
    check.stage = Stage::PutRight;
    state.check = if system.errs(Mistake::ConsumersLast) { None } else { Some(check) };
}

/// Whether the statement finds what was remembered when the check looked.
pub(crate) fn is_current(state: &State, check: &Check) -> bool {
    check.remembered == state.postgres.remembered || check.stage >= Stage::StoredFirst
}

pub(crate) fn tell_again(system: &System, state: &mut State) {
    let Some(mut check) = state.check.take() else { return };
    if !is_current(state, &check) {
        return;
    }
    state.postgres.remembered = check.last;
    if system.errs(Mistake::StoreBeforeTelling) && check.stage == Stage::PutRight {
        check.stage = Stage::StoredFirst;
        state.check = Some(check);
        return;
    }
    state.postgres.mark = check.mark;
    queue(system, state, check.mark.since);
    if system.errs(Mistake::ConsumersLast) {
        check.stage = Stage::ToldFirst;
        state.check = Some(check);
    }
}

/// Tells how each order stands that was changed since.
fn queue(system: &System, state: &mut State, since: u8) {
    for order in [0, 1] {
        let row = *state.postgres.row(order);
        let fact = match row.order {
            Order::Absent => continue,
            Order::Cancelled if !system.errs(Mistake::RetellCreatedAlone) => Fact::Cancelled(order),
            Order::Cancelled | Order::Unpaid => Fact::Created(order),
        };
        if row.changed_at >= since {
            let counts_as_new = system.errs(Mistake::RetoldCountsAsNew);
            let changed_at = if counts_as_new { state.time } else { row.changed_at };
            state.postgres.outbox[usize::from(slot(fact))] = Some(changed_at);
            // It is a new row, which no relay holds.
            for pass in state.relays.iter_mut().flatten().filter(|pass| pass.slot == Some(slot(fact))) {
                pass.slot = None;
            }
        }
    }
}
