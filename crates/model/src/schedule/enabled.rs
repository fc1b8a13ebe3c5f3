//! Which steps are possible.

use super::{
    checkpoint, clocks,
    mistake::Mistake,
    rebuild, set,
    state::{Expiration, Publish, Sample, State, Worker},
    step::Step,
    stream::{Delivery, Fact, News},
    system::System,
};

/// What the system does sooner or later. Each of these changes the state.
pub(crate) fn by_system(system: &System, state: &State, steps: &mut Vec<Step>) {
    at_once(system, state, steps);
    if may_time_pass(state) && (state.time < clocks::end(&system.scope) || state.redis.has_live()) {
        steps.push(Step::TimePasses);
    }
}

/// What it does without waiting for time to pass.
pub(crate) fn at_once(system: &System, state: &State, steps: &mut Vec<Step>) {
    let ack_first = system.errs(Mistake::AckBeforeSet);
    steps.extend(state.stream.messages().filter_map(|(sequence, message)| match message.delivery {
        Delivery::Waiting if ack_first => Some(Step::Acknowledge(sequence)),
        Delivery::Waiting => Some(Step::Handle(sequence)),
        Delivery::InHand if ack_first => Some(Step::Handle(sequence)),
        Delivery::InHand => Some(Step::Acknowledge(sequence)),
        Delivery::Acked => None,
    }));
    let is_lost = |(bit, fact): &(u8, Fact)| {
        let is_own = fact.order < system.scope.foreign_from;
        is_own && state.told & bit != 0 && !state.stream.has(*fact)
    };
    steps.extend(system.scope.facts().filter(is_lost).map(|(_, fact)| Step::TellAgain(fact)));
    for id in 0..2 {
        let worker = state.worker(id);
        if worker.paused {
            steps.push(Step::Resume(id));
        } else {
            work(system, state, id, worker, steps);
        }
    }
}

fn work(system: &System, state: &State, id: u8, worker: &Worker, steps: &mut Vec<Step>) {
    match worker.hand {
        None => {
            let claims = system.scope.orders();
            let claims = claims.filter(|order| set::claimable(system, state, id, *order).is_some());
            steps.extend(claims.map(|order| Step::Claim(id, order)));
        }
        Some(hand) if hand.publish == Publish::Claimed => steps.push(Step::Publish(id)),
        Some(_) => steps.push(Step::Settle(id)),
    }
    match worker.rebuild {
        None if !checkpoint::holds(system, state) && rebuild::can_begin(state, id) => {
            steps.push(Step::Begin(id));
        }
        None => {}
        Some(rebuild) if rebuild.read.is_none() => steps.push(Step::ReadStream(id)),
        Some(rebuild) if rebuild.fired.is_none() => steps.push(Step::ReadFired(id)),
        Some(_) => steps.push(Step::Apply(id)),
    }
}

/// A worker that is not paused is done with what it holds before a lease is over: whoever is slower is paused.
fn may_time_pass(state: &State) -> bool {
    state.workers.iter().all(|worker| worker.paused || !worker.is_busy())
}

/// What others and mishaps may do, now or never.
pub(crate) fn by_environment(system: &System, state: &State, steps: &mut Vec<Step>) {
    telling(system, state, steps);
    failing(system, state, steps);
    if system.scope.redelivers {
        let in_hand = |delivery| delivery == Delivery::InHand && !system.errs(Mistake::AckBeforeSet);
        let again = state.stream.messages().filter(|(_, message)| in_hand(message.delivery));
        steps.extend(again.map(|(sequence, _)| Step::Redeliver(sequence)));
    }
    if may_time_pass(state) && state.expirations.contains(&Expiration::Recent) {
        steps.push(Step::TwoMinutes);
    }
    if system.scope.advances {
        if checkpoint::can_note(system, state) {
            steps.push(Step::NoteLast);
        }
        if checkpoint::can_pass(system, state) {
            steps.push(Step::SeeAcknowledged);
        }
        if matches!(state.sample, Sample::Passed(_)) {
            steps.push(Step::Advance);
        }
    }
    losing(system, state, steps);
}

/// An order is extended before it has fired, and cancelled whenever somebody likes.
fn telling(system: &System, state: &State, steps: &mut Vec<Step>) {
    let scope = &system.scope;
    let can_tell = |(bit, fact): &(u8, Fact)| {
        let mut earlier = scope.facts().filter(|(other, of)| of.order == fact.order && other < bit);
        let is_next = state.told & bit == 0 && earlier.all(|(other, _)| state.told & other != 0);
        is_next && (fact.news != News::Extended || !state.has_fired(fact.order))
    };
    steps.extend(scope.facts().filter(can_tell).map(|(_, fact)| Step::Tell(fact)));
}

fn failing(system: &System, state: &State, steps: &mut Vec<Step>) {
    for id in 0..2 {
        let worker = state.worker(id);
        let fires = system.scope.frail_relay && worker.hand.is_some();
        if fires || system.scope.frail_rebuild && worker.rebuild.is_some() {
            steps.push(Step::Kill(id));
            if !worker.paused {
                steps.push(Step::Pause(id));
            }
        }
        let is_publishing = worker.hand.is_some_and(|hand| hand.publish == Publish::Claimed);
        if is_publishing && !worker.paused {
            steps.extend([Step::MissPubAck(id, true), Step::MissPubAck(id, false)]);
        }
    }
}

fn losing(system: &System, state: &State, steps: &mut Vec<Step>) {
    if state.saved.is_some() {
        steps.push(Step::CrashRedis);
    }
    if state.losses == 0 {
        return;
    }
    if system.scope.redis_loses {
        steps.push(Step::WipeRedis);
        if state.saved.is_none() {
            steps.push(Step::StopSaving);
        }
    }
    if system.scope.stream_loses && state.stream.last() > 0 {
        steps.extend([Step::LoseNewest, Step::LoseStream]);
    }
}
