//! What must hold in every state, and what must be possible at all.

use stateright::Property;

use super::{
    apply::apply,
    checkpoint::{holds, is_of},
    enabled, progress, set,
    state::{Job, State},
    step::Step,
    stream::{Delivery, Fact, News},
    system::System,
};

/// The properties by name, for a test that expects one of them to fail.
pub mod name {
    /// Every stored order that is neither cancelled nor fired has its timer once nothing else is left to do.
    pub const NEVER_LOST: &str = "I1, I12: every stored order has its timer at its latest time";
    /// No expiration is published before its time by the slower clock.
    pub const NEVER_EARLY: &str = "I2: nothing fires before its time by the slower clock";
    /// An expiration that is published again within the duplicate window is not stored again.
    pub const STORED_ONCE: &str = "I3: an expiration is stored once within the duplicate window";
    /// A rebuild takes out what has fired.
    pub const NOT_REVIVED: &str = "a rebuild brings back no timer that has fired";
    /// Nobody takes a claim before its lease is over.
    pub const NOT_STOLEN: &str = "a claim is its worker's until its lease is over";
    /// What it says is in the set.
    pub const CLAIMS: &str = "a checkpoint never claims more than what is in the set";
    /// Nothing is left to do for anybody.
    pub const DRAINED: &str =
        "I8: a run that is left alone ends with an empty schedule and a checkpoint that holds";
    /// No step of the system leads back.
    pub const ENDS: &str = "a run that is left alone ends";
}

/// All of them, as far as the scope has what they speak of.
pub(crate) fn all(system: &System) -> Vec<Property<System>> {
    let mut all = vec![
        Property::always(name::NEVER_LOST, never_lost),
        Property::always(name::NEVER_EARLY, |_, state: &State| !state.harm.early),
        Property::always(name::STORED_ONCE, |_, state: &State| !state.harm.twice),
        Property::always(name::NOT_REVIVED, |_, state: &State| !state.harm.revived),
        Property::always(name::NOT_STOLEN, |_, state: &State| !state.harm.stolen),
        Property::always(name::CLAIMS, claims),
        Property::always(name::DRAINED, drained),
        Property::always(name::ENDS, ends),
        Property::sometimes("an order fires", |_, state: &State| state.has_fired(0)),
    ];
    let scope = &system.scope;
    if scope.facts.iter().any(|fact| fact.news == News::Extended) {
        all.push(Property::sometimes("a timer has moved", |_, state: &State| {
            state.redis.jobs.contains(&Job::Due(2))
        }));
    }
    if scope.advances {
        all.push(Property::sometimes("a checkpoint is advanced", |system, state: &State| {
            let is_healthy = state.losses == system.scope.losses;
            is_healthy && state.redis.checkpoint.is_some_and(|checkpoint| checkpoint.place.sequence > 0)
        }));
    }
    if scope.redis_loses {
        all.push(Property::sometimes("a timer is lost", |system, state| {
            let is_there = |fact: Fact| set::has(system, state, fact);
            let mut acked =
                state.stream.messages().filter(|(_, message)| message.delivery == Delivery::Acked);
            acked.any(|(_, message)| !is_there(message.fact))
        }));
        all.push(Property::sometimes("it is back after a rebuild", |system, state: &State| {
            holds(system, state) && state.losses == 0 && state.redis.job(0) == Job::Due(1)
        }));
    }
    if scope.redis_loses && scope.frail_rebuild {
        all.push(Property::sometimes("two workers rebuild", |_, state: &State| {
            state.workers.iter().all(|worker| worker.rebuild.is_some())
        }));
    }
    if scope.stream_loses {
        all.push(Property::sometimes("a checkpoint is of another stream", |_, state: &State| {
            state.redis.checkpoint.is_some_and(|checkpoint| !is_of(checkpoint.place, &state.stream))
        }));
    }
    all
}

/// Asked when everything but time has come to its end.
fn never_lost(system: &System, state: &State) -> bool {
    let stored = |order, news| state.stream.has(Fact { order, news });
    let has_timer = |order: u8| match state.redis.job(order) {
        Job::Absent => false,
        Job::Due(due) => due == if stored(order, News::Extended) { 2 } else { 1 },
        Job::Claimed { .. } => true,
    };
    let needs = |order: &u8| stored(*order, News::Created) && !set::is_over(system, state, *order);
    system.scope.orders().filter(needs).all(has_timer) || !holds(system, state) || !is_waiting(system, state)
}

/// Whether nothing but time is left to pass.
fn is_waiting(system: &System, state: &State) -> bool {
    let mut steps = Vec::new();
    enabled::at_once(system, state, &mut steps);
    steps.is_empty()
}

/// Up to its place everything is in the set, whatever is acknowledged; and in its run, whatever is acknowledged.
fn claims(system: &System, state: &State) -> bool {
    let Some(checkpoint) = state.redis.checkpoint else { return true };
    let of_stream = is_of(checkpoint.place, &state.stream);
    let of_run = checkpoint.run == Some(state.run);
    state.stream.messages().all(|(sequence, message)| {
        let is_claimed = of_stream && sequence <= checkpoint.place.sequence
            || of_run && message.delivery == Delivery::Acked;
        !is_claimed || set::has(system, state, message.fact)
    })
}

fn drained(system: &System, state: &State) -> bool {
    let mut steps = Vec::new();
    enabled::by_system(system, state, &mut steps);
    let is_over =
        |order| set::is_over(system, state, order) || !state.stream.has(Fact { order, news: News::Created });
    !steps.is_empty()
        || state.redis.jobs.iter().all(|job| *job == Job::Absent)
            && holds(system, state)
            && system.scope.orders().all(is_over)
}

fn ends(system: &System, state: &State) -> bool {
    let here = progress::measure(system, state);
    let mut steps: Vec<Step> = Vec::new();
    enabled::by_system(system, state, &mut steps);
    steps.into_iter().all(|step| progress::measure(system, &apply(system, state, step)) > here)
}
