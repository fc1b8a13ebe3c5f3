//! What each step does.

use super::{
    check,
    mistake::Mistake,
    relay,
    state::{Change, FACTS, Order, Row, State, slot},
    step::Step,
    stream::Fact,
    system::System,
    tickets,
};

/// The state after a step that is possible in `state`.
pub(crate) fn apply(system: &System, state: &State, step: Step) -> State {
    let mut next = *state;
    match step {
        Step::Change(fact) => {
            next.postgres.open = Some(Change { fact, began_at: next.time });
            if system.errs(Mistake::TellBeforeCommit) {
                next.stream.store(fact);
            }
        }
        Step::RollBack => next.postgres.open = None,
        Step::Commit => commit(system, &mut next),
        Step::TimePasses => next.time += 1,
        Step::Mark => check::mark(system, &mut next),
        Step::Publish(slot) => relay::publish(&mut next, slot),
        Step::Verify(relay) => relay::verify(system, &mut next, relay),
        Step::Delete(relay) => relay::delete(system, &mut next, relay),
        Step::Look => check::look(system, &mut next),
        Step::PutRight => check::put_right(system, &mut next),
        Step::TellAgain => check::tell_again(system, &mut next),
        Step::Handle(sequence) => {
            handle(system, &mut next, sequence);
            next.stream.acknowledge(sequence);
        }
        Step::HandleOnly(sequence) => handle(system, &mut next, sequence),
        Step::TellForeign
        | Step::Kill(_)
        | Step::KillCheck
        | Step::MissPubAck(..)
        | Step::PublishUnaware(_)
        | Step::LoseNewest(..)
        | Step::LoseStream => fail(system, &mut next, step),
    }
    next
}

fn commit(system: &System, state: &mut State) {
    let Some(Change { fact, began_at }) = state.postgres.open.take() else { return };
    let (order, row) = match fact {
        Fact::Created(order) => (order, Order::Unpaid),
        Fact::Cancelled(order) => (order, Order::Cancelled),
        Fact::Foreign => return,
    };
    state.postgres.rows[usize::from(order)] = Row { order: row, changed_at: began_at };
    if !system.errs(Mistake::TellBeforeCommit) {
        state.postgres.outbox[usize::from(slot(fact))] = Some(began_at);
    }
}

fn handle(system: &System, state: &mut State, sequence: u8) {
    if let Some(fact) = state.stream.get(sequence).map(|message| message.fact) {
        tickets::handle(system, state, fact);
    }
}

fn fail(system: &System, state: &mut State, step: Step) {
    match step {
        Step::TellForeign => {
            state.foreign -= 1;
            state.stream.store(Fact::Foreign);
        }
        Step::Kill(relay) => {
            state.mishaps -= 1;
            state.relays[usize::from(relay)] = None;
            forget(system, state);
        }
        Step::KillCheck => {
            state.check = None;
            forget(system, state);
        }
        Step::MissPubAck(slot, stored) => {
            state.mishaps -= 1;
            if stored {
                state.stream.store(FACTS[usize::from(slot)]);
            }
            if system.errs(Mistake::DeleteWithoutPubAck) {
                state.postgres.outbox[usize::from(slot)] = None;
            }
        }
        Step::PublishUnaware(slot) => {
            state.mishaps -= 1;
            relay::publish(state, slot);
        }
        Step::LoseNewest(count, consumers_keep) => {
            state.losses -= 1;
            state.stream.lose_newest(count, consumers_keep);
        }
        Step::LoseStream => {
            state.losses -= 1;
            state.stream.lose_all();
        }
        _ => {}
    }
}

/// What a wrong relay remembers is gone with its process, and the next one begins with the stream as it is.
fn forget(system: &System, state: &mut State) {
    if system.errs(Mistake::RememberInMemory) {
        state.postgres.remembered = state.stream.place(state.stream.last());
    }
}
