//! `orders`: the decision, and how far payments have been seen.

use super::{
    mistake::Mistake,
    scope::Scope,
    state::{Delivery, OrderRow, Payment, Rejection, State, Watermark},
};

/// `payment:created`: completes an unpaid order, or is rejected once.
pub(crate) fn payment_created(state: &mut State, scope: &Scope, payment: u8) {
    let order = scope.order_of(payment);
    match state.order(order).row {
        OrderRow::Unpaid => {
            decide(state, scope, order, OrderRow::CompleteBy(payment));
            state.order_mut(order).completed.queue();
        }
        // Told again, by whoever has not heard of the decision.
        OrderRow::CompleteBy(winner) if winner == payment => state.order_mut(order).completed.queue(),
        _ => {
            let payment = state.payment_mut(payment);
            if payment.rejection == Rejection::Absent {
                payment.rejection = Rejection::Unsettled;
            }
            if payment.rejection == Rejection::Unsettled {
                payment.rejected.queue();
            }
        }
    }
}

/// `payment:settled`: what is known of a rejected payment is complete.
pub(crate) fn payment_settled(payment: &mut Payment) {
    if payment.rejection == Rejection::Unsettled {
        payment.rejection = Rejection::Settled;
    }
}

/// Cancels the order, for whatever reason.
pub(crate) fn cancel(state: &mut State, scope: &Scope, order: u8, row: OrderRow) {
    decide(state, scope, order, row);
    state.order_mut(order).cancelled.queue();
}

/// Writes the decision. Unless it was an expiry, nobody asks any more which payments came in time; and without an
/// unpaid order, how far they have been seen.
fn decide(state: &mut State, scope: &Scope, order: u8, row: OrderRow) {
    state.order_mut(order).row = row;
    if row != OrderRow::Expired {
        scope.payments_of(order).for_each(|payment| state.payment_mut(payment).in_time = false);
    }
    if (0..scope.orders).all(|order| state.order(order).row != OrderRow::Unpaid) {
        state.watermark = Watermark::UNKNOWN;
    }
}

/// Whether an expiry may cancel the order.
pub(crate) fn can_expire(state: &State, order: u8, mistake: Option<Mistake>) -> bool {
    let seen = state.watermark.seen > order || mistake == Some(Mistake::ExpireWithoutWatermark);
    state.order(order).row == OrderRow::Unpaid && state.is_over(order) && seen
}

/// Whether an unpaid order waits for a higher watermark.
pub(crate) fn wants_watermark(state: &State, scope: &Scope) -> bool {
    let waits = |order| state.order(order).row == OrderRow::Unpaid && state.watermark.seen <= order;
    (0..scope.orders).any(waits)
}

/// Whether the clock says anything that the watermark does not know.
pub(crate) fn can_read_now(state: &State, scope: &Scope, mistake: Option<Mistake>) -> bool {
    let watermark = &state.watermark;
    let turn = watermark.last.is_some() == (mistake == Some(Mistake::LastReadBeforeNow));
    turn && watermark.now.is_none() && state.time > watermark.seen && wants_watermark(state, scope)
}

/// Whether it is the turn of the last stored payment.
pub(crate) fn can_read_last(state: &State, scope: &Scope, mistake: Option<Mistake>) -> bool {
    let watermark = &state.watermark;
    let turn = watermark.now.is_some() != (mistake == Some(Mistake::LastReadBeforeNow));
    turn && watermark.last.is_none() && wants_watermark(state, scope)
}

/// The payments that the broker has stored, a bit for each.
pub(crate) fn stored_payments(state: &State, scope: &Scope) -> u8 {
    let stored = scope.plans().filter(|(payment, _)| state.payment(*payment).created >= Delivery::Stored);
    stored.map(|(payment, _)| 1 << payment).sum()
}

/// The time to which the watermark may rise: everything that was stored by then is acknowledged.
pub(crate) fn risen(state: &State, scope: &Scope) -> Option<u8> {
    let (now, last) = (state.watermark.now?, state.watermark.last?);
    let is_behind =
        |payment: u8| last & (1 << payment) != 0 && state.payment(payment).created != Delivery::Acked;
    (!scope.plans().any(|(payment, _)| is_behind(payment))).then_some(now)
}
