//! What each step does.

use super::{
    events,
    mistake::Mistake,
    orders, payments,
    provider::{self, Luck},
    scope::Kind,
    state::{Answer, Call, Delivery, Intent, Key, OrderRow, Payment, Request, Row, State, Watermark},
    step::{Event, Service, Step},
    system::System,
    telling_again,
};

/// The state after a step that is possible in `state`.
pub(crate) fn apply(system: &System, state: &State, step: Step) -> State {
    let mut next = *state;
    match step {
        Step::Place(_) | Step::Cancel(_) | Step::Post(_) | Step::PayOnPage(_) | Step::PageLapses(_) => {
            buy(system, &mut next, step);
        }
        Step::Webhook(id, answer) => learn(system, &mut next, id, answer),
        Step::ArriveLate(id, request, luck) => {
            next.payment_mut(id).straying &= !request.bit();
            serve(system, &mut next, id, request, luck);
        }
        Step::RecordLate(id) => {
            if let Some(answer) = next.payment_mut(id).held.take() {
                learn(system, &mut next, id, answer);
            }
        }
        Step::Crash(_) | Step::LoseAnswer(_) | Step::Pause(_) | Step::Repeat(_) | Step::Lose(_) => {
            fail(system, &mut next, step);
        }
        Step::TimePasses => next.time += 1,
        Step::Publish(_) | Step::Handle(_) | Step::Acknowledge(_) => deliver(system, &mut next, step),
        Step::ReadNow | Step::ReadLast | Step::Rise | Step::FindUnpaid(_) | Step::Expire(_) => {
            decide(system, &mut next, step);
        }
        Step::Ask(id, request) => next.payment_mut(id).call = Call::Asking(request),
        Step::Serve(id, luck) => {
            if let Call::Asking(request) = state.payment(id).call {
                let answer = serve(system, &mut next, id, request, luck);
                next.payment_mut(id).call = Call::Answered(answer);
            }
        }
        Step::Record(id) => record(system, &mut next, id),
        Step::TellAgain(id) => telling_again::tell_again(&mut next, &system.scope, id),
    }
    if system.scope.faults.is_some() {
        events::publish_at_once(&mut next, &system.scope);
    }
    next
}

fn buy(system: &System, state: &mut State, step: Step) {
    match step {
        Step::Place(order) => state.order_mut(order).row = OrderRow::Unpaid,
        Step::Cancel(order) => orders::cancel(state, &system.scope, order, OrderRow::CancelledByBuyer),
        Step::Post(payment) => state.payment_mut(payment).row = Row::Pending,
        Step::PayOnPage(payment) => state.payment_mut(payment).intent = Intent::Authorised,
        Step::PageLapses(payment) => state.payment_mut(payment).intent = Intent::Expired,
        _ => {}
    }
}

fn fail(system: &System, state: &mut State, step: Step) {
    state.faults = state.faults.saturating_sub(1);
    match step {
        Step::Crash(service) => crash(system, state, service),
        Step::LoseAnswer(payment) => abandon(system, state, payment),
        Step::Pause(id) => {
            let payment = state.payment_mut(id);
            if let Call::Answered(answer) = std::mem::replace(&mut payment.call, Call::Idle) {
                payment.held = Some(answer);
            }
        }
        Step::Repeat(event) => *events::delivery_mut(state, event) = Delivery::Stored,
        Step::Lose(event) => lose(state, event),
        _ => {}
    }
}

/// What is lost is no payment that was stored in time.
fn lose(state: &mut State, event: Event) {
    *events::delivery_mut(state, event) = Delivery::Lost;
    if let Event::PaymentCreated(payment) = event {
        state.payment_mut(payment).in_time = false;
    }
}

/// Takes what a process of the service has in its memory, and nothing else.
fn crash(system: &System, state: &mut State, service: Service) {
    match service {
        Service::Orders => {
            state.watermark = Watermark::UNKNOWN;
            state.found_unpaid = None;
        }
        Service::Payments => {
            for (payment, _) in system.scope.plans() {
                abandon(system, state, payment);
                state.payment_mut(payment).held = None;
            }
        }
    }
    for event in events::all(&system.scope) {
        let lost = match events::delivery(state, event) {
            Delivery::InHand if events::listener(event) != service => continue,
            Delivery::InHand if system.errs(Mistake::AckBeforeCommit) => Delivery::Acked,
            Delivery::InHand => Delivery::Stored,
            Delivery::Queued if events::publisher(event) != service => continue,
            Delivery::Queued if system.errs(Mistake::TellWithoutOutbox) => Delivery::Untold,
            _ => continue,
        };
        *events::delivery_mut(state, event) = lost;
    }
}

fn abandon(system: &System, state: &mut State, id: u8) {
    let payment = state.payment_mut(id);
    payment.straying |= payment.call.abandon();
    forget_powerless(system, payment, system.scope.kind_of(id));
}

fn deliver(system: &System, state: &mut State, step: Step) {
    match step {
        Step::Publish(event) => events::publish(state, &system.scope, event),
        Step::Handle(event) => {
            events::handle(state, system, event);
            *events::delivery_mut(state, event) = events::handled(system, event);
        }
        Step::Acknowledge(event) => {
            let delivery = events::delivery_mut(state, event);
            *delivery = if *delivery == Delivery::Stored { Delivery::InHand } else { Delivery::Acked };
        }
        _ => {}
    }
}

fn decide(system: &System, state: &mut State, step: Step) {
    match step {
        Step::ReadNow => state.watermark.now = Some(state.time),
        Step::ReadLast => state.watermark.last = Some(orders::stored_payments(state, &system.scope)),
        Step::Rise => {
            if let Some(seen) = orders::risen(state, &system.scope) {
                state.watermark = Watermark { seen, ..Watermark::UNKNOWN };
            }
        }
        Step::FindUnpaid(order) => state.found_unpaid = Some(order),
        Step::Expire(order) => {
            state.found_unpaid = None;
            orders::cancel(state, &system.scope, order, OrderRow::Expired);
        }
        _ => {}
    }
}

fn serve(system: &System, state: &mut State, id: u8, request: Request, luck: Luck) -> Answer {
    let kind = system.scope.kind_of(id);
    let payment = state.payment_mut(id);
    let answer = provider::serve(payment, kind, request, luck, system.mistake);
    forget_powerless(system, payment, kind);
    answer
}

/// Forgets straying requests that can't have an effect any more: with or without them all goes on alike.
fn forget_powerless(system: &System, payment: &mut Payment, kind: Kind) {
    let is_over = match payment.intent {
        Intent::Expired | Intent::Released | Intent::Refunded => true,
        Intent::Captured => kind != Kind::Charge,
        Intent::Absent | Intent::Prepared | Intent::Open | Intent::Authorised => false,
    };
    if is_over {
        payment.straying &= Request::Create.bit() | Request::Confirm.bit();
    }
    if payment.key != Key::Unused || payment.intent != Intent::Absent {
        payment.straying &= !Request::Create.bit();
    }
    let is_confirmable = payment.intent == Intent::Prepared && payment.key != Key::Declined;
    if payment.intent != Intent::Absent && !is_confirmable && !system.errs(Mistake::NewIntentOnRetry) {
        payment.straying &= !Request::Confirm.bit();
    }
}

/// Writes an answer. An error that will be repeated is followed by a look: only then is it sure that nothing was
/// done, and the next request has a key of its own.
fn record(system: &System, state: &mut State, id: u8) {
    let payment = state.payment_mut(id);
    let Call::Answered(answer) = payment.call else { return };
    payment.call = Call::Idle;
    if answer == Answer::Error && matches!(payment.row, Row::Pending | Row::Prepared) {
        payment.call = Call::Asking(Request::LookUp);
    } else if answer == Answer::Prepared && payment.row == Row::Prepared && payment.key == Key::Error {
        payment.key = Key::Renewed;
    } else {
        learn(system, state, id, answer);
    }
}

fn learn(system: &System, state: &mut State, id: u8, answer: Answer) {
    let kind = system.scope.kind_of(id);
    let payment = state.payment_mut(id);
    let row = match payments::after(payment, kind, answer) {
        None if system.errs(Mistake::OverwriteRow) => payments::spoken_of(answer),
        None if system.errs(Mistake::GiveUpOnLookUp) && answer == Answer::Prepared => {
            (payment.row == Row::Prepared).then_some(Row::Failed)
        }
        row => row,
    };
    if let Some(row) = row {
        payments::advance(payment, row, system.mistake);
    }
}
