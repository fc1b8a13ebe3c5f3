//! Which steps are possible.

use super::{
    events,
    mistake::Mistake,
    orders, payments, provider,
    scope::Kind,
    state::{Call, Delivery, Intent, OrderRow, Payment, Request, Row, State},
    step::{Event, Service, Step},
    system::System,
    telling_again,
};

/// What the system does sooner or later. Each of these changes the state.
pub(crate) fn by_system(system: &System, state: &State, steps: &mut Vec<Step>) {
    if state.time < system.scope.orders {
        steps.push(Step::TimePasses);
    }
    steps.extend(events::all(&system.scope).filter_map(|event| delivering(system, state, event)));
    deciding(system, state, steps);
    for (id, payment) in system.payments(state) {
        settling(system, id, payment, steps);
        if telling_again::is_possible(state, &system.scope, id) && !system.errs(Mistake::NeverTellAgain) {
            steps.push(Step::TellAgain(id));
        }
    }
}

fn delivering(system: &System, state: &State, event: Event) -> Option<Step> {
    let ack_first = system.errs(Mistake::AckBeforeCommit);
    match events::delivery(state, event) {
        Delivery::Lost | Delivery::Untold | Delivery::Acked => None,
        Delivery::Queued => Some(Step::Publish(event)),
        Delivery::Stored if ack_first => Some(Step::Acknowledge(event)),
        Delivery::Stored => Some(Step::Handle(event)),
        Delivery::InHand if ack_first => Some(Step::Handle(event)),
        Delivery::InHand => Some(Step::Acknowledge(event)),
    }
}

fn deciding(system: &System, state: &State, steps: &mut Vec<Step>) {
    let System { scope, mistake } = system;
    let watermark = [
        (orders::can_read_now(state, scope, *mistake), Step::ReadNow),
        (orders::can_read_last(state, scope, *mistake), Step::ReadLast),
        (orders::risen(state, scope).is_some(), Step::Rise),
    ];
    steps.extend(watermark.into_iter().filter_map(|(is_possible, step)| is_possible.then_some(step)));
    if let Some(order) = state.found_unpaid {
        steps.push(Step::Expire(order));
        return;
    }
    for order in (0..scope.orders).filter(|order| orders::can_expire(state, *order, *mistake)) {
        let checks_first = system.errs(Mistake::CheckThenCancel);
        steps.push(if checks_first { Step::FindUnpaid(order) } else { Step::Expire(order) });
    }
}

fn settling(system: &System, id: u8, payment: &Payment, steps: &mut Vec<Step>) {
    let kind = system.scope.kind_of(id);
    match payment.call {
        Call::Idle => {
            let wanted = payments::wanted(payment, kind, system.mistake);
            steps.extend(wanted.map(|request| Step::Ask(id, request)));
            if system.errs(Mistake::GiveUpOnLookUp) && payment.row == Row::Prepared {
                steps.push(Step::Ask(id, Request::LookUp));
            }
        }
        Call::Asking(request) => {
            let lucks = provider::possible(payment, kind, request).iter();
            steps.extend(lucks.map(|luck| Step::Serve(id, *luck)));
        }
        Call::Answered(_) => steps.push(Step::Record(id)),
    }
}

/// What buyers and mishaps may do, now or never.
pub(crate) fn by_environment(system: &System, state: &State, steps: &mut Vec<Step>) {
    buying(system, state, steps);
    for (id, payment) in system.payments(state) {
        straggling(system, id, payment, steps);
    }
    if system.scope.faults.is_none() || state.faults > 0 {
        failing(system, state, steps);
    }
}

fn buying(system: &System, state: &State, steps: &mut Vec<Step>) {
    for (id, order) in system.orders(state) {
        match order.row {
            OrderRow::Unpaid => steps.push(Step::Cancel(id)),
            OrderRow::NotPlaced if state.order(id - 1).row.is_cancelled() => steps.push(Step::Place(id)),
            _ => {}
        }
    }
    for (id, payment) in system.payments(state) {
        if payments::can_post(state, &system.scope, id) {
            steps.push(Step::Post(id));
        }
        if system.scope.kind_of(id) == Kind::Page && payment.intent == Intent::Open {
            steps.extend([Step::PayOnPage(id), Step::PageLapses(id)]);
        }
    }
}

fn straggling(system: &System, id: u8, payment: &Payment, steps: &mut Vec<Step>) {
    let kind = system.scope.kind_of(id);
    if payment.held.is_some() {
        steps.push(Step::RecordLate(id));
    }
    let news = provider::history(payment.intent, kind).iter();
    let news = news.filter(|answer| payments::after(payment, kind, **answer).is_some());
    steps.extend(news.map(|answer| Step::Webhook(id, *answer)));
    for request in Request::EFFECTIVE.into_iter().filter(|request| payment.straying & request.bit() != 0) {
        let lucks = provider::possible(payment, kind, request).iter();
        steps.extend(lucks.map(|luck| Step::ArriveLate(id, request, *luck)));
    }
}

fn failing(system: &System, state: &State, steps: &mut Vec<Step>) {
    steps.extend([Step::Crash(Service::Orders), Step::Crash(Service::Payments)]);
    for (id, payment) in system.payments(state) {
        if payment.call != Call::Idle {
            steps.push(Step::LoseAnswer(id));
        }
        if matches!(payment.call, Call::Answered(_)) && payment.held.is_none() {
            steps.push(Step::Pause(id));
        }
    }
    let lasts = |event| match events::delivery(state, event) {
        Delivery::Acked => true,
        Delivery::InHand => !system.errs(Mistake::AckBeforeCommit),
        Delivery::Lost | Delivery::Untold | Delivery::Queued | Delivery::Stored => false,
    };
    steps.extend(events::all(&system.scope).filter(|event| lasts(*event)).map(Step::Repeat));
    let is_stored = |event: &Event| events::delivery(state, *event) == Delivery::Stored;
    let can_lose = |event: &Event| events::is_told_again(*event) && is_stored(event);
    steps.extend(events::all(&system.scope).filter(can_lose).map(Step::Lose));
}
