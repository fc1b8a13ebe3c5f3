//! What each step does.

use super::{
    checkpoint, clocks,
    mistake::Mistake,
    rebuild, set,
    state::{Expiration, Publish, Redis, State},
    step::Step,
    stream::Delivery,
    system::System,
};

/// The state after a step that is possible in `state`.
pub(crate) fn apply(system: &System, state: &State, step: Step) -> State {
    let mut next = *state;
    match step {
        Step::Tell(fact) => {
            next.told |= system.scope.bit(fact);
            next.stream.store(fact);
        }
        Step::TellAgain(fact) => next.stream.store(fact),
        Step::NoteLast => checkpoint::note(system, &mut next),
        Step::SeeAcknowledged => checkpoint::pass(&mut next),
        Step::Advance => checkpoint::advance(system, &mut next),
        Step::Handle(_) | Step::Acknowledge(_) | Step::Redeliver(_) => consume(system, &mut next, step),
        Step::Claim(worker, order) => {
            set::claim(system, &mut next, worker, order);
            if !system.scope.frail_relay {
                publish(system, &mut next, worker);
                set::settle(system, &mut next, worker);
            }
        }
        Step::Publish(worker) => publish(system, &mut next, worker),
        Step::Settle(worker) => set::settle(system, &mut next, worker),
        Step::Resume(worker) => next.worker_mut(worker).paused = false,
        Step::Begin(worker) => rebuild::begin(system, &mut next, worker),
        Step::ReadStream(worker) => rebuild::read_stream(&mut next, worker),
        Step::ReadFired(worker) => rebuild::read_fired(system, &mut next, worker),
        Step::Apply(worker) => rebuild::apply(system, &mut next, worker),
        Step::TimePasses => {
            next.time = (next.time + 1).min(clocks::end(&system.scope));
            lapse(&mut next);
        }
        Step::TwoMinutes => {
            for expiration in &mut next.expirations {
                if *expiration == Expiration::Recent {
                    *expiration = Expiration::Old;
                }
            }
            lapse(&mut next);
        }
        Step::Kill(_) | Step::Pause(_) | Step::MissPubAck(..) => fail(system, &mut next, step),
        Step::StopSaving | Step::CrashRedis | Step::WipeRedis | Step::LoseNewest | Step::LoseStream => {
            lose(&mut next, step);
        }
    }
    next
}

fn consume(system: &System, state: &mut State, step: Step) {
    let ack_first = system.errs(Mistake::AckBeforeSet);
    match step {
        Step::Handle(sequence) => {
            if let Some(message) = state.stream.get_mut(sequence) {
                let is_whole = ack_first || !system.scope.redelivers;
                message.delivery = if is_whole { Delivery::Acked } else { Delivery::InHand };
                let fact = message.fact;
                set::apply(system, state, fact);
            }
        }
        Step::Acknowledge(sequence) => {
            if let Some(message) = state.stream.get_mut(sequence) {
                message.delivery = if ack_first { Delivery::InHand } else { Delivery::Acked };
            }
        }
        Step::Redeliver(sequence) => {
            if let Some(message) = state.stream.get_mut(sequence) {
                message.delivery = Delivery::Waiting;
            }
        }
        _ => {}
    }
}

fn publish(system: &System, state: &mut State, worker: u8) {
    set::fire(system, state, worker);
    answer(state, worker, Publish::Stored);
}

fn answer(state: &mut State, worker: u8, publish: Publish) {
    if let Some(hand) = &mut state.worker_mut(worker).hand {
        hand.publish = publish;
    }
}

fn fail(system: &System, state: &mut State, step: Step) {
    match step {
        Step::Kill(worker) => {
            state.worker_mut(worker).kill();
            if system.errs(Mistake::AckBeforeSet) {
                for sequence in 1..=state.stream.last() {
                    if let Some(message) = state.stream.get_mut(sequence)
                        && message.delivery == Delivery::InHand
                    {
                        message.delivery = Delivery::Acked;
                    }
                }
            }
        }
        Step::Pause(worker) => state.worker_mut(worker).paused = true,
        Step::MissPubAck(worker, stored) => {
            if stored {
                set::fire(system, state, worker);
            }
            answer(state, worker, Publish::Unknown);
        }
        _ => {}
    }
}

/// Every lease is over.
fn lapse(state: &mut State) {
    state.redis.lapse();
    if let Some(saved) = &mut state.saved {
        saved.lapse();
    }
    disown(state);
}

/// No worker can say any more that nobody else has claimed its job.
fn disown(state: &mut State) {
    for worker in &mut state.workers {
        if let Some(hand) = &mut worker.hand {
            hand.live = false;
        }
    }
}

fn lose(state: &mut State, step: Step) {
    if step != Step::CrashRedis {
        state.losses -= 1;
    }
    match step {
        Step::StopSaving => state.saved = Some(state.redis),
        Step::CrashRedis => {
            state.redis = state.saved.take().unwrap_or(Redis::EMPTY);
            state.run += 1;
            disown(state);
        }
        Step::WipeRedis => {
            state.redis = Redis::EMPTY;
            state.saved = None;
            disown(state);
        }
        Step::LoseNewest => state.stream.lose_newest(),
        Step::LoseStream => state.stream.lose_all(),
        _ => {}
    }
}
