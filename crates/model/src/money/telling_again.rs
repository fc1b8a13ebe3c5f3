//! What `payments` tells again, because nobody has decided about it.

use super::{
    events,
    scope::Scope,
    state::{Decision, Delivery, Intent, OrderCopy, OrderRow, Row, State},
    step::Event,
};

/// Whether nobody has decided about the payment, because it or its decision was lost. Of money that is not held any more it is
/// told only if the order is over.
pub(crate) fn is_possible(state: &State, scope: &Scope, id: u8) -> bool {
    let payment = state.payment(id);
    let is_undecided = payment.row == Row::Authorised && payment.decision == Decision::Undecided;
    let is_lost = payment.created == Delivery::Lost
        || payment.created == Delivery::Acked && lost_decision(state, scope, id).is_some();
    let is_held = payment.intent != Intent::Released;
    is_undecided && is_lost && (is_held || state.order(scope.order_of(id)).copy == OrderCopy::Final)
}

/// `payment:created` once more. The decision, if it was lost, is told again by its handler.
pub(crate) fn tell_again(state: &mut State, scope: &Scope, id: u8) {
    if let Some(decision) = lost_decision(state, scope, id) {
        *events::delivery_mut(state, decision) = Delivery::Untold;
    }
    state.payment_mut(id).created = Delivery::Queued;
}

/// The decision about a payment, if the broker has lost what told of it.
fn lost_decision(state: &State, scope: &Scope, payment: u8) -> Option<Event> {
    let order = scope.order_of(payment);
    let told = match state.order(order).row {
        OrderRow::CompleteBy(winner) if winner == payment => Event::OrderCompleted(order),
        _ => Event::PaymentRejected(payment),
    };
    (events::delivery(state, told) == Delivery::Lost).then_some(told)
}
