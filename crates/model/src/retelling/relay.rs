//! The relay: outbox, publish, PubAck, delete; and what it remembers.
//!
//! With the rows that it deletes, in the same transaction, it remembers the last message that was acknowledged: all that
//! is not in the outbox was stored up to it. In Postgres, for the process may be killed by the power cut that takes the
//! broker's newest messages; one row for all relays.
//!
//! Remembering a newer message would forget that an older one was lost: after a loss a stream grows again. So between
//! the PubAcks and the commit it looks whether the stream still has the message that is remembered and the one that it has
//! published last, which are two requests a pass, and the commit compares that the first is still the one. Where either is
//! not there, the pass is rolled back, and nothing is published until the check has told again.

use super::{
    mistake::Mistake,
    state::{FACTS, Pass, State},
    system::System,
};
use crate::place::Place;

/// Whether the stream has what is remembered, as the protocol asks.
pub(crate) fn is_well(system: &System, state: &State) -> bool {
    system.errs(Mistake::NeverTellAgain) || seems_there(system, state, state.postgres.remembered)
}

/// Whether the stream has a message, as the protocol asks.
pub(crate) fn seems_there(system: &System, state: &State, place: Place) -> bool {
    match system.mistake {
        Some(Mistake::CompareSequenceAlone) => place.sequence <= state.stream.last(),
        Some(Mistake::CompareCreationAlone) => {
            place.created == state.stream.created && place.sequence <= state.stream.last()
        }
        _ => state.stream.has(place),
    }
}

/// The rows of the outbox that no relay holds.
pub(crate) fn free(state: &State) -> impl Iterator<Item = u8> {
    (0..4).filter(|slot| {
        let is_held = state.relays.iter().flatten().any(|pass| pass.slot == Some(*slot));
        state.postgres.outbox[usize::from(*slot)].is_some() && !is_held
    })
}

/// Whether there is a relay with nothing in hand. Which one it is, is nothing to anybody.
pub(crate) fn is_free(system: &System, state: &State) -> bool {
    let busy = state.relays.iter().flatten().count();
    busy < usize::from(system.scope.relays) && !state.stream.is_full()
}

pub(crate) fn publish(state: &mut State, slot: u8) {
    let place = state.stream.store(FACTS[usize::from(slot)]);
    if let Some(free) = state.relays.iter_mut().find(|relay| relay.is_none()) {
        *free = Some(Pass { slot: Some(slot), place, verified: None });
    }
}

/// If what the relay has just published is lost already, that is remembered, so that the check finds it: a consumer may
/// be ahead.
pub(crate) fn verify(system: &System, state: &mut State, relay: u8) {
    let Some(mut pass) = state.relays[usize::from(relay)] else { return };
    let is_well = is_well(system, state) || system.errs(Mistake::AdvanceUnverified);
    let looks = !system.errs(Mistake::AdvanceUnverified) && !system.errs(Mistake::VerifyRememberedAlone);
    let is_there = !looks || seems_there(system, state, pass.place);
    pass.verified = Some(state.postgres.remembered);
    state.relays[usize::from(relay)] = (is_well && is_there).then_some(pass);
    if is_well && !is_there {
        state.postgres.remembered = pass.place;
    }
}

/// One transaction. The row of the outbox goes only if its place is remembered with it.
pub(crate) fn delete(system: &System, state: &mut State, relay: u8) {
    let Some(mut pass) = state.relays[usize::from(relay)] else { return };
    let is_same = pass.verified == Some(state.postgres.remembered)
        || system.errs(Mistake::AdvanceWithoutComparing)
        || system.errs(Mistake::AdvanceUnverified);
    if !is_same {
        pass.verified = None;
        state.relays[usize::from(relay)] = Some(pass);
        return;
    }
    state.relays[usize::from(relay)] = None;
    if let Some(slot) = pass.slot {
        state.postgres.outbox[usize::from(slot)] = None;
    }
    state.postgres.remembered = later(state.postgres.remembered, pass.place);
}

fn later(remembered: Place, place: Place) -> Place {
    let is_later = (remembered.created, remembered.sequence) < (place.created, place.sequence);
    if is_later { place } else { remembered }
}
