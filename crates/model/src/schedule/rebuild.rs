//! The rebuild: applies the orders' stream to the set, from the checkpoint on.
//!
//! It begins with one script that takes the lease and returns the checkpoint and the run. Then it reads the stream's
//! last message: what is stored after that is applied by the consumers, in the same run. Then it reads what has fired, so
//! that no timer comes back whose expiration was stored before; what fires later has a message id that the broker still
//! knows, as long as the lease is shorter than the duplicate window.
//!
//! Each of its scripts applies messages and moves the place, and does so only while the lease is the rebuild's and not
//! over by Redis' clock, the run is the one in which it began, and the checkpoint is the one that it went on from (one that
//! is advanced meanwhile would go back). Refused, it is given up: whoever finds no checkpoint that holds begins again. The
//! last script writes the run.
//!
//! The code may end sooner, at the last message that any consumer was given when it was asked, after the lease: what was not given
//! by then is applied later, in the same run, as what is stored later. Here it always ends at the stream's last message.
//!
//! A rebuild removes nothing but what was cancelled: the set may have timers from messages that it does not read, which
//! are newer, older or in a stream that is gone.

use super::{
    checkpoint::{is_of, seems_of},
    mistake::Mistake,
    set,
    state::{Checkpoint, Expiration, Job, Lease, Rebuild, State},
    stream::{Fact, News, Stream},
    system::System,
};

pub(crate) fn can_begin(state: &State, worker: u8) -> bool {
    state.worker(worker).rebuild.is_none() && state.redis.lease.is_none_or(|lease| !lease.live)
}

pub(crate) fn begin(system: &System, state: &mut State, worker: u8) {
    state.redis.lease = Some(Lease { by: worker, live: true });
    if system.errs(Mistake::ClearFirst) {
        state.redis.jobs.fill(Job::Absent);
    }
    let (run, checkpoint) = (state.run, state.redis.checkpoint);
    state.worker_mut(worker).rebuild = Some(Rebuild { run, checkpoint, read: None, fired: None, owed: None });
}

pub(crate) fn read_stream(state: &mut State, worker: u8) {
    let copy = state.stream.copy();
    if let Some(rebuild) = &mut state.worker_mut(worker).rebuild {
        rebuild.read = Some(copy);
    }
}

pub(crate) fn read_fired(system: &System, state: &mut State, worker: u8) {
    let fired = system.scope.orders().filter(|order| state.has_fired(*order)).map(|order| 1 << order).sum();
    if let Some(rebuild) = &mut state.worker_mut(worker).rebuild {
        rebuild.fired = Some(fired);
    }
}

/// The sequence up to which everything is applied: the checkpoint's, if it is of the stream that was read.
pub(crate) fn position(system: &System, rebuild: &Rebuild, read: &Stream) -> u8 {
    match rebuild.checkpoint {
        Some(Checkpoint { place, .. }) if seems_of(system, place, read) => place.sequence,
        Some(Checkpoint { place, .. }) if system.errs(Mistake::ResumeInAnotherStream) => {
            place.sequence.min(read.last())
        }
        _ => 0,
    }
}

/// Whether the script refuses.
pub(crate) fn is_refused(system: &System, state: &State, worker: u8, rebuild: &Rebuild) -> bool {
    let is_held = state.redis.lease.is_some_and(|lease| lease.by == worker && lease.live);
    let is_same = rebuild.checkpoint == state.redis.checkpoint;
    !is_held && !system.errs(Mistake::RebuildWithoutLease)
        || rebuild.run != state.run && !system.errs(Mistake::FinishInAnotherRun)
        || !is_same && !system.errs(Mistake::RebuildWithoutComparing)
}

/// One script: applies the next message and moves the place. The last one ends the rebuild.
pub(crate) fn apply(system: &System, state: &mut State, worker: u8) {
    let Some(mut rebuild) = state.worker(worker).rebuild else { return };
    let (Some(read), Some(fired)) = (rebuild.read, rebuild.fired) else { return };
    if let Some(sequence) = rebuild.owed.take() {
        apply_message(system, state, &read, fired, sequence);
    } else if is_refused(system, state, worker, &rebuild) {
        return end(state, worker);
    } else {
        let sequence = (position(system, &rebuild, &read) + 1).min(read.last());
        if system.errs(Mistake::CheckpointBeforeSet) {
            rebuild.owed = Some(sequence);
        } else {
            apply_message(system, state, &read, fired, sequence);
        }
        let is_last = sequence == read.last();
        let checkpoint = Some(Checkpoint { place: read.place(sequence), run: is_last.then_some(state.run) });
        state.redis.checkpoint = checkpoint;
        rebuild.checkpoint = checkpoint;
    }
    let is_over = position(system, &rebuild, &read) == read.last() && rebuild.owed.is_none();
    if !is_over {
        state.worker_mut(worker).rebuild = Some(rebuild);
        return;
    }
    if system.errs(Mistake::RemoveUnread) {
        let is_read = |order| read.has(Fact { order, news: News::Created });
        system.scope.orders().filter(|order| !is_read(*order)).for_each(|order| {
            *state.redis.job_mut(order) = Job::Absent;
        });
    }
    end(state, worker);
}

fn end(state: &mut State, worker: u8) {
    state.worker_mut(worker).rebuild = None;
    if state.redis.lease.is_some_and(|lease| lease.by == worker) {
        state.redis.lease = None;
    }
}

fn apply_message(system: &System, state: &mut State, read: &Stream, fired: u8, sequence: u8) {
    let Some(fact) = read.get(sequence).map(|message| message.fact) else { return };
    let has_fired = fired & (1 << fact.order) != 0 && !system.errs(Mistake::ForgetFired);
    let is_forgotten = fact.news == News::Extended && system.errs(Mistake::ForgetExtensions);
    if is_forgotten || has_fired && fact.news != News::Cancelled {
        return;
    }
    let before = state.redis.job(fact.order);
    if fact.news == News::Created && system.errs(Mistake::RebuildWithoutNx) {
        state.harm.stolen |= matches!(before, Job::Claimed { live: true, .. });
        *state.redis.job_mut(fact.order) = Job::Due(1);
    }
    set::apply(system, state, fact);
    let is_back = before == Job::Absent && state.redis.job(fact.order) != Job::Absent;
    state.harm.revived |= is_back && state.expiration(fact.order) == Expiration::Old;
}

/// Whether the rebuild, left alone, ends with a checkpoint that holds.
pub(crate) fn is_good(system: &System, state: &State, worker: u8, rebuild: &Rebuild) -> bool {
    let is_fresh = |read: Stream| is_of(read.place(read.last()), &state.stream);
    !is_refused(system, state, worker, rebuild) && rebuild.read.is_none_or(is_fresh)
}
