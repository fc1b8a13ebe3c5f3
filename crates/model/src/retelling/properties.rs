//! What must hold in every state, and what must be possible at all.

use stateright::Property;

use super::{
    apply::apply,
    enabled, progress,
    relay::is_well,
    state::{FACTS, Order, State},
    stream::Fact,
    system::System,
};

/// The properties by name, for a test that expects one of them to fail.
pub mod name {
    /// In the end every listener knows how each order stands.
    pub const COMES_BACK: &str = "I12: in the end the listener has every fact";
    /// In the end no seat is held by a cancelled order.
    pub const SEAT_FREE: &str = "I6: in the end no seat is held by a cancelled order";
    /// What is told was so.
    pub const TOLD_TRULY: &str = "nothing is told that was not so";
    /// Who knows that an order is cancelled does not forget it.
    pub const NEVER_BACK: &str = "no order goes back to an earlier version";
    /// Nothing is left to do for anybody.
    pub const DRAINED: &str = "I8: a run that is left alone ends with an empty outbox and nothing unnoticed";
    /// No step of the system leads back.
    pub const ENDS: &str = "a run that is left alone ends";
}

/// All of them.
pub(crate) fn all(system: &System) -> Vec<Property<System>> {
    let mut all = vec![
        Property::always(name::COMES_BACK, comes_back),
        Property::always(name::SEAT_FREE, seat_free),
        Property::always(name::TOLD_TRULY, told_truly),
        Property::always(name::NEVER_BACK, never_back),
        Property::always(name::DRAINED, drained),
        Property::always(name::ENDS, ends),
        Property::sometimes("the seat is free again", |_, state: &State| state.tickets.is_buried(0)),
        Property::sometimes("a stream is not the one that is remembered", |system, state| {
            !is_well(system, state)
        }),
        Property::sometimes("a consumer is ahead of its stream", |_, state: &State| {
            state.stream.is_beyond(1, state.stream.last())
        }),
    ];
    if system.scope.end > 0 {
        all.push(Property::sometimes("a mark spares telling everything", |_, state: &State| {
            state.check.is_some_and(|check| check.mark.since > 0)
        }));
    }
    if system.scope.changes > 2 {
        let sold = |_: &System, state: &State| state.tickets.holder == Some(1);
        all.push(Property::sometimes("the seat is sold again", sold));
    }
    if system.scope.foreign > 0 {
        all.push(Property::sometimes("a stream has grown again after a loss", |system, state: &State| {
            let remembered = state.postgres.remembered;
            let is_long =
                remembered.created == state.stream.created && remembered.sequence <= state.stream.last();
            is_long && !is_well(system, state)
        }));
    }
    all
}

fn comes_back(system: &System, state: &State) -> bool {
    let knows = |order: u8| match state.postgres.row(order).order {
        Order::Absent => true,
        Order::Unpaid => state.tickets.holder == Some(order),
        Order::Cancelled => state.tickets.is_buried(order),
    };
    [0, 1].into_iter().all(knows) || !is_at_rest(system, state)
}

fn seat_free(system: &System, state: &State) -> bool {
    let is_cancelled = |order| state.postgres.row(order).order == Order::Cancelled;
    !state.tickets.holder.is_some_and(is_cancelled) || !is_at_rest(system, state)
}

fn told_truly(_: &System, state: &State) -> bool {
    let was_so = |fact| match fact {
        Fact::Created(order) => state.postgres.row(order).order >= Order::Unpaid,
        Fact::Cancelled(order) => state.postgres.row(order).order >= Order::Cancelled,
        Fact::Foreign => true,
    };
    let queued = FACTS.iter().zip(&state.postgres.outbox).filter(|(_, row)| row.is_some());
    state.stream.messages().all(|(_, fact)| was_so(fact)) && queued.map(|(fact, _)| *fact).all(was_so)
}

fn never_back(_: &System, state: &State) -> bool {
    !state.tickets.holder.is_some_and(|order| state.tickets.is_buried(order))
}

fn drained(system: &System, state: &State) -> bool {
    let is_over = state.postgres.outbox.iter().all(Option::is_none)
        && state.stream.waiting().next().is_none()
        && state.stream.has(state.postgres.remembered);
    is_over || !is_at_rest(system, state)
}

fn is_at_rest(system: &System, state: &State) -> bool {
    let mut steps = Vec::new();
    enabled::by_system(system, state, &mut steps);
    steps.is_empty()
}

fn ends(system: &System, state: &State) -> bool {
    let here = progress::measure(system, state);
    let mut steps = Vec::new();
    enabled::by_system(system, state, &mut steps);
    steps.into_iter().all(|step| progress::measure(system, &apply(system, state, step)) > here)
}
