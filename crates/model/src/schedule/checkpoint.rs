//! The checkpoint: what it says, whether it still holds, and how it is advanced.
//!
//! It has two halves. The *place* says up to which message everything is in the set; it is written by the script that
//! changes the set, so a loss takes both back to an earlier moment, at which it was true as well. The *run* is Redis' own
//! name for the history of its data: `master_replid`, for which the script itself asks, since a connection may have gone
//! on to another server unnoticed. It says that nothing was lost since a rebuild, so that whatever was acknowledged is
//! there. In health the place lies behind the consumers' floor, so its distance says nothing of a loss: only the run does.
//!
//! A place is compared by the stream's creation time and by the instant at which the message with its sequence was
//! stored: a stream that lost its newest messages has the same creation time, and soon the same sequences again.
//!
//! Advancing is asking in this order: for the last message and its instant; then for the three consumers until each has
//! acknowledged that much; then the script, which advances the place if there is a checkpoint of this stream and of the
//! run that is. The other way round, a message stored between the two questions would be counted and not be there.

use super::{
    mistake::Mistake,
    state::{Checkpoint, Sample, State},
    stream::Stream,
    system::System,
};
use crate::place::Place;

/// Whether the stream still has the message of this place.
pub(crate) fn is_of(place: Place, stream: &Stream) -> bool {
    place.is_in(stream.created, stream.get(place.sequence).map(|message| message.stored))
}

/// The same, as the protocol asks.
pub(crate) fn seems_of(system: &System, place: Place, stream: &Stream) -> bool {
    match system.mistake {
        Some(Mistake::CompareSequenceAlone) => place.sequence <= stream.last(),
        Some(Mistake::CompareCreationAlone) => {
            place.created == stream.created && place.sequence <= stream.last()
        }
        _ => is_of(place, stream),
    }
}

/// Whether no rebuild is needed.
pub(crate) fn holds(system: &System, state: &State) -> bool {
    state.redis.checkpoint.is_some_and(|checkpoint| {
        let is_run = checkpoint.run == Some(state.run)
            || checkpoint.run.is_some() && system.errs(Mistake::TrustRestart);
        is_run && seems_of(system, checkpoint.place, &state.stream)
    })
}

/// Whether an advance would begin: there is something to advance, and something to say.
pub(crate) fn can_note(system: &System, state: &State) -> bool {
    let last = state.stream.last();
    let checkpoint = state.redis.checkpoint;
    let is_there = checkpoint.is_some_and(|checkpoint| checkpoint.run.is_some());
    let is_behind = checkpoint.is_none_or(|checkpoint| checkpoint.place != state.stream.place(last));
    let sees = !system.errs(Mistake::LastReadAfterFloor) || state.stream.all_acked(last);
    last > 0 && is_behind && sees && (is_there || system.errs(Mistake::CreatedByAnyone))
}

pub(crate) fn note(system: &System, state: &mut State) {
    let last = state.stream.place(state.stream.last());
    let sees_first = system.errs(Mistake::LastReadAfterFloor);
    state.sample = if sees_first { Sample::SeenAcknowledged } else { Sample::Noted(last) };
}

/// Whether every consumer's floor has reached the message. A consumer with nothing pending and nothing in hand is at the
/// end of the stream, wherever its floor is: its subject may never occur.
pub(crate) fn can_pass(system: &System, state: &State) -> bool {
    match state.sample {
        Sample::SeenAcknowledged => true,
        Sample::Noted(place) => {
            let reached = place.sequence <= state.stream.last() && state.stream.all_acked(place.sequence);
            reached || system.errs(Mistake::AdvanceWithoutFloor)
        }
        Sample::Idle | Sample::Passed(_) => false,
    }
}

pub(crate) fn pass(state: &mut State) {
    state.sample = match state.sample {
        Sample::Noted(place) => Sample::Passed(place),
        _ => Sample::Passed(state.stream.place(state.stream.last())),
    };
}

/// The script that advances: only an existing checkpoint, of this stream, in the run in which it was created.
pub(crate) fn advance(system: &System, state: &mut State) {
    let Sample::Passed(place) = std::mem::replace(&mut state.sample, Sample::Idle) else { return };
    let run = Some(state.run);
    match &mut state.redis.checkpoint {
        Some(checkpoint) => {
            let is_run = checkpoint.run == run
                || checkpoint.run.is_some()
                    && (system.errs(Mistake::AdvanceAcrossRuns) || system.errs(Mistake::TrustRestart));
            let is_stream = checkpoint.place.created == place.created;
            if is_run && is_stream && checkpoint.place.sequence < place.sequence {
                checkpoint.place = place;
            }
        }
        none if system.errs(Mistake::CreatedByAnyone) => *none = Some(Checkpoint { place, run }),
        None => {}
    }
}
