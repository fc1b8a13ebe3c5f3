//! The scripts over the sorted set.

use super::{
    clocks,
    mistake::Mistake,
    state::{Expiration, Hand, Job, Publish, State},
    stream::{Fact, News},
    system::System,
};

/// What an event does to the set. In any order and any number of times, it comes to the same:
/// `ZADD NX` for what was created; an extension never to an earlier time, and in place; a cancellation removes.
pub(crate) fn apply(system: &System, state: &mut State, fact: Fact) {
    match (fact.news, state.redis.job(fact.order)) {
        (News::Created, Job::Absent) => *state.redis.job_mut(fact.order) = Job::Due(1),
        // Added if its `order:created` is still on its way: three consumers know of no order among them.
        (News::Extended, Job::Absent) if !system.errs(Mistake::ExtendOnlyExisting) => {
            *state.redis.job_mut(fact.order) = Job::Due(2);
        }
        (News::Extended, Job::Due(_)) => *state.redis.job_mut(fact.order) = Job::Due(2),
        (News::Extended, Job::Claimed { live, .. }) if system.errs(Mistake::ExtendClaimed) => {
            state.harm.stolen |= live;
            *state.redis.job_mut(fact.order) = Job::Due(2);
        }
        (News::Cancelled, _) => *state.redis.job_mut(fact.order) = Job::Absent,
        // A claimed one fires.
        (News::Created | News::Extended, _) => {}
    }
}

/// The due time that a worker would give back, if it can claim the order's job.
pub(crate) fn claimable(system: &System, state: &State, worker: u8, order: u8) -> Option<u8> {
    let now = clocks::of_claim(system, state, worker);
    match state.redis.job(order) {
        Job::Due(due) => (due.cast_signed() <= now).then_some(due),
        // It was due when it was claimed, so a lapsed claim is later than that.
        Job::Claimed { live: false, .. } => (now >= 1).then_some(1),
        Job::Absent | Job::Claimed { live: true, .. } => None,
    }
}

/// Claims in place: the job stays in the set. The lease counts by the fleet's clock, or one worker that is behind would
/// have its claims lapse at once.
pub(crate) fn claim(system: &System, state: &mut State, worker: u8, order: u8) {
    let Some(due) = claimable(system, state, worker, order) else { return };
    if let Job::Claimed { by, .. } = state.redis.job(order) {
        let holder = state.worker(by).hand;
        state.harm.stolen |= by != worker && holder.is_some_and(|hand| hand.order == order && hand.live);
    }
    let lapses_at_once =
        system.errs(Mistake::LeaseByOwnClock) && system.scope.clocks[usize::from(worker)] < 0;
    *state.redis.job_mut(order) = Job::Claimed { by: worker, live: !lapses_at_once };
    state.worker_mut(worker).hand = Some(Hand { order, due, live: true, publish: Publish::Claimed });
}

/// Stores the expiration, unless the broker knows its message id.
pub(crate) fn fire(system: &System, state: &mut State, worker: u8) {
    let Some(hand) = state.worker(worker).hand else { return };
    state.harm.early |= clocks::slower(&system.scope, state, worker) < hand.due.cast_signed();
    let expiration = &mut state.expirations[usize::from(hand.order)];
    match expiration {
        Expiration::Absent => *expiration = Expiration::Recent,
        Expiration::Recent => state.harm.twice |= system.errs(Mistake::FreshMessageId),
        Expiration::Old => {}
    }
}

/// Completes what is stored, and releases the rest, each only while the claim is still the worker's.
pub(crate) fn settle(system: &System, state: &mut State, worker: u8) {
    let Some(hand) = state.worker_mut(worker).hand.take() else { return };
    let completes = hand.publish == Publish::Stored || system.errs(Mistake::CompleteWithoutPubAck);
    let whoever = if completes { Mistake::CompleteById } else { Mistake::ReleaseWithoutHolder };
    let job = state.redis.job(hand.order);
    let is_held = matches!(job, Job::Claimed { by, .. } if by == worker);
    if !is_held && (job == Job::Absent || !system.errs(whoever)) {
        return;
    }
    state.harm.stolen |= !is_held && matches!(job, Job::Claimed { live: true, .. });
    *state.redis.job_mut(hand.order) = if completes { Job::Absent } else { Job::Due(hand.due) };
}

/// Whether the set has what the event says, or needs it no more.
pub(crate) fn has(system: &System, state: &State, fact: Fact) -> bool {
    let order = fact.order;
    if is_over(system, state, order) {
        return true;
    }
    match (fact.news, state.redis.job(order)) {
        (News::Cancelled, _) | (_, Job::Claimed { .. }) => true,
        (_, Job::Absent) => false,
        (News::Created, Job::Due(_)) => true,
        // One that was claimed when it was extended fires, and if its publish fails, again.
        (News::Extended, Job::Due(due)) => due == 2 || clocks::has_come(system, state),
    }
}

/// Fired or cancelled: the order needs no timer.
pub(crate) fn is_over(system: &System, state: &State, order: u8) -> bool {
    let cancelled = system.scope.bit(Fact { order, news: News::Cancelled });
    state.has_fired(order) || state.told & cancelled != 0
}
