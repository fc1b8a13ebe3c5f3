//! Which steps are possible.

use super::{
    check,
    mistake::Mistake,
    relay,
    state::{FACTS, Stage, State},
    step::Step,
    stream::Fact,
    system::System,
    tickets,
};

/// What the system does sooner or later. Each of these changes the state.
pub(crate) fn by_system(system: &System, state: &State, steps: &mut Vec<Step>) {
    if state.postgres.open.is_some() {
        steps.push(Step::Commit);
    }
    if relay::is_free(system, state) && relay::is_well(system, state) {
        steps.extend(relay::free(state).map(Step::Publish));
    }
    for (relay, pass) in (0..).zip(&state.relays) {
        if let Some(pass) = pass {
            steps.push(if pass.verified.is_some() { Step::Delete(relay) } else { Step::Verify(relay) });
        }
    }
    checking(system, state, steps);
    steps.extend(handled(state).map(Step::Handle));
}

fn checking(system: &System, state: &State, steps: &mut Vec<Step>) {
    if check::can_look(system, state) {
        steps.push(Step::Look);
    }
    let consumers_last = system.errs(Mistake::ConsumersLast);
    steps.extend(state.check.map(|check| match check.stage {
        Stage::Looked if consumers_last => Step::TellAgain,
        Stage::Looked | Stage::ToldFirst => Step::PutRight,
        Stage::PutRight | Stage::StoredFirst => Step::TellAgain,
    }));
}

/// The messages that the listener takes.
fn handled(state: &State) -> impl Iterator<Item = u8> {
    state
        .stream
        .waiting()
        .filter(|(_, fact)| tickets::takes(&state.tickets, *fact))
        .map(|(sequence, _)| sequence)
}

/// What buyers and mishaps may do, now or never.
pub(crate) fn by_environment(system: &System, state: &State, steps: &mut Vec<Step>) {
    match state.postgres.open {
        Some(_) => steps.push(Step::RollBack),
        None => steps.extend(change(system, state).map(Step::Change)),
    }
    if state.time < system.scope.end {
        steps.push(Step::TimePasses);
    }
    if state.foreign > 0 && !state.stream.is_full() {
        steps.push(Step::TellForeign);
    }
    steps.push(Step::Mark);
    if state.check.is_some() {
        steps.push(Step::KillCheck);
    }
    steps.extend(handled(state).map(Step::HandleOnly));
    if state.mishaps > 0 {
        let busy = (0..).zip(&state.relays).filter(|(_, pass)| pass.is_some());
        steps.extend(busy.map(|(relay, _)| Step::Kill(relay)));
    }
    if state.mishaps > 0 && relay::is_free(system, state) {
        for slot in relay::free(state) {
            steps.extend([Step::MissPubAck(slot, true), Step::MissPubAck(slot, false)]);
            if !relay::is_well(system, state) {
                steps.push(Step::PublishUnaware(slot));
            }
        }
    }
    let last = state.stream.last();
    if state.losses > 0 && last > 0 {
        steps.push(Step::LoseStream);
        for count in 1..=last.min(2) {
            steps.extend([Step::LoseNewest(count, true), Step::LoseNewest(count, false)]);
        }
    }
}

/// What becomes of the orders next: the seat is sold again when the first one is cancelled.
fn change(system: &System, state: &State) -> Option<Fact> {
    let done: u8 = state.postgres.rows.iter().map(|row| row.order as u8).sum();
    (done < system.scope.changes).then(|| FACTS[usize::from(done)])
}
