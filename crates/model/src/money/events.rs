//! The way of each event: who tells it, who listens, and what a handler does.

use super::{
    mistake::Mistake,
    orders, payments,
    scope::Scope,
    state::{Delivery, OrderRow, State},
    step::{Event, Service},
    system::System,
};

/// Every event of the scope.
pub(crate) fn all(scope: &Scope) -> impl Iterator<Item = Event> + use<> {
    let of_payments = scope.plans().flat_map(|(payment, _)| {
        [Event::PaymentCreated(payment), Event::PaymentRejected(payment), Event::PaymentSettled(payment)]
    });
    let of_orders =
        (0..scope.orders).flat_map(|order| [Event::OrderCompleted(order), Event::OrderCancelled(order)]);
    of_payments.chain(of_orders)
}

pub(crate) fn delivery(state: &State, event: Event) -> Delivery {
    match event {
        Event::PaymentCreated(payment) => state.payment(payment).created,
        Event::PaymentRejected(payment) => state.payment(payment).rejected,
        Event::PaymentSettled(payment) => state.payment(payment).settled,
        Event::OrderCompleted(order) => state.order(order).completed,
        Event::OrderCancelled(order) => state.order(order).cancelled,
    }
}

pub(crate) fn delivery_mut(state: &mut State, event: Event) -> &mut Delivery {
    match event {
        Event::PaymentCreated(payment) => &mut state.payment_mut(payment).created,
        Event::PaymentRejected(payment) => &mut state.payment_mut(payment).rejected,
        Event::PaymentSettled(payment) => &mut state.payment_mut(payment).settled,
        Event::OrderCompleted(order) => &mut state.order_mut(order).completed,
        Event::OrderCancelled(order) => &mut state.order_mut(order).cancelled,
    }
}

/// Whether a loss of the event is mended by telling again. The others wait for whoever compares streams and tables.
pub(crate) fn is_told_again(event: Event) -> bool {
    matches!(event, Event::PaymentCreated(_) | Event::PaymentRejected(_) | Event::OrderCompleted(_))
}

pub(crate) fn publisher(event: Event) -> Service {
    match event {
        Event::PaymentCreated(_) | Event::PaymentSettled(_) => Service::Payments,
        Event::PaymentRejected(_) | Event::OrderCompleted(_) | Event::OrderCancelled(_) => Service::Orders,
    }
}

pub(crate) fn listener(event: Event) -> Service {
    match publisher(event) {
        Service::Payments => Service::Orders,
        Service::Orders => Service::Payments,
    }
}

/// The broker has the event from now on. Whether a payment came in time is of interest until its order is decided.
pub(crate) fn publish(state: &mut State, scope: &Scope, event: Event) {
    *delivery_mut(state, event) = Delivery::Stored;
    if let Event::PaymentCreated(payment) = event {
        let order = scope.order_of(payment);
        let is_undecided = state.order(order).row == OrderRow::Unpaid;
        state.payment_mut(payment).in_time = is_undecided && !state.is_over(order);
    }
}

/// The effect of an event, as its listener commits it.
pub(crate) fn handle(state: &mut State, system: &System, event: Event) {
    let scope = &system.scope;
    match event {
        Event::PaymentCreated(payment) => orders::payment_created(state, scope, payment),
        Event::PaymentRejected(payment) => payments::payment_rejected(state.payment_mut(payment)),
        Event::PaymentSettled(payment) => orders::payment_settled(state.payment_mut(payment)),
        Event::OrderCompleted(order) => payments::order_completed(state, scope, order, system.mistake),
        Event::OrderCancelled(order) => payments::order_cancelled(state, scope, order, system.mistake),
    }
}

/// Stores at once what was queued, where delivering it late shows the same as publishing it late: all but
/// `payment:created`, of which the moment matters.
pub(crate) fn publish_at_once(state: &mut State, scope: &Scope) {
    for event in all(scope).filter(|event| !matches!(event, Event::PaymentCreated(_))) {
        let delivery = delivery_mut(state, event);
        if *delivery == Delivery::Queued {
            *delivery = Delivery::Stored;
        }
    }
}

/// Where an event is after its handler's commit.
///
/// Only of `payment:created` is the acknowledgement a step of its own: the watermark waits for it. Of the others it
/// would show nothing that delivering them again does not.
pub(crate) fn handled(system: &System, event: Event) -> Delivery {
    match event {
        Event::PaymentCreated(_) if !system.errs(Mistake::AckBeforeCommit) => Delivery::InHand,
        _ => Delivery::Acked,
    }
}
