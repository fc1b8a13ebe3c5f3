//! `payments`: the rows, what its settler asks for, and what it makes of an answer.

use super::{
    mistake::Mistake,
    scope::{Kind, Scope},
    state::{Answer, Decision, Intent, OrderCopy, OrderRow, Payment, Request, Row, State},
};

/// Whether a buyer may post the payment.
pub(crate) fn can_post(state: &State, scope: &Scope, payment: u8) -> bool {
    let order = scope.order_of(payment);
    let placed =
        state.order(order).row != OrderRow::NotPlaced && state.order(order).copy == OrderCopy::Unpaid;
    let is_free = scope.two_live || scope.payments_of(order).all(|other| !state.payment(other).row.is_live());
    placed && state.payment(payment).row == Row::Absent && is_free
}

/// The request that a payment waits for.
pub(crate) fn wanted(payment: &Payment, kind: Kind, mistake: Option<Mistake>) -> Option<Request> {
    match (payment.row, payment.decision) {
        (Row::Pending, _) => Some(Request::Create),
        (Row::Prepared, Decision::Close) => Some(Request::Release),
        (Row::Prepared, _) => Some(Request::Confirm),
        (Row::Open, Decision::Close) => Some(Request::Expire),
        // Looking at a page that is still open changes nothing, so only the look that finds something is a step.
        (Row::Open, _) => (payment.intent != Intent::Open).then_some(Request::LookUp),
        (Row::Authorised, Decision::Capture) => Some(Request::Capture),
        (Row::Authorised, Decision::Release) if kind == Kind::Charge => Some(Request::Refund),
        (Row::Authorised, Decision::Release) => Some(Request::Release),
        (Row::Authorised, _) if mistake == Some(Mistake::CaptureBeforeDecide) => Some(Request::Capture),
        _ => None,
    }
}

/// The row that an answer speaks of, which is what a careless settler writes.
pub(crate) fn spoken_of(answer: Answer) -> Option<Row> {
    match answer {
        Answer::Error => None,
        Answer::Prepared => Some(Row::Prepared),
        Answer::Open => Some(Row::Open),
        Answer::Authorised => Some(Row::Authorised),
        Answer::Captured => Some(Row::Captured),
        Answer::Released => Some(Row::Released),
        Answer::Refunded => Some(Row::Refunded),
        Answer::Nothing | Answer::Declined | Answer::Expired => Some(Row::Failed),
    }
}

/// What an answer or a webhook makes of the row, or `None` if it says nothing new. It never takes a row back.
pub(crate) fn after(payment: &Payment, kind: Kind, answer: Answer) -> Option<Row> {
    match (payment.row, answer) {
        (Row::Pending, Answer::Prepared) => Some(Row::Prepared),
        (Row::Pending, Answer::Open) => Some(Row::Open),
        (Row::Pending | Row::Prepared | Row::Open, Answer::Authorised) => Some(Row::Authorised),
        (Row::Pending | Row::Open, Answer::Captured) if kind == Kind::Charge => Some(Row::Authorised),
        (Row::Pending | Row::Prepared | Row::Open, Answer::Declined | Answer::Expired | Answer::Nothing) => {
            Some(Row::Failed)
        }
        (Row::Prepared, Answer::Released) => Some(Row::Failed),
        // Charged at once, it counts as captured when `orders` has taken it.
        (Row::Authorised, Answer::Captured) => {
            let taken = kind != Kind::Charge || payment.decision == Decision::Capture;
            taken.then_some(Row::Captured)
        }
        // Called off before it was told; `orders` has not decided.
        (Row::Authorised, Answer::Released) => {
            (payment.decision == Decision::Release).then_some(Row::Released)
        }
        (Row::Authorised, Answer::Refunded) => Some(Row::Refunded),
        _ => None,
    }
}

/// Moves the row, with the event that tells of it.
///
/// What was decided before is void or done, except that a page or an intent that is there after its order was cancelled
/// is still to be closed.
pub(crate) fn advance(payment: &mut Payment, row: Row, mistake: Option<Mistake>) {
    payment.row = row;
    if !matches!(row, Row::Open | Row::Prepared) || mistake == Some(Mistake::ForgetClosing) {
        payment.decision = Decision::Undecided;
    }
    match row {
        Row::Authorised => payment.created.queue(),
        Row::Captured | Row::Released | Row::Refunded => payment.settled.queue(),
        Row::Absent | Row::Pending | Row::Prepared | Row::Open | Row::Failed => {}
    }
}

/// `order:completed`: the payment that did it is captured, others that are not authorised yet are closed.
pub(crate) fn order_completed(state: &mut State, scope: &Scope, order: u8, mistake: Option<Mistake>) {
    state.order_mut(order).copy = OrderCopy::Final;
    let winner = match state.order(order).row {
        OrderRow::CompleteBy(payment) => Some(payment),
        _ => None,
    };
    for payment in scope.payments_of(order) {
        let row = state.payment(payment).row;
        if row == Row::Authorised && winner == Some(payment) {
            state.payment_mut(payment).decision = Decision::Capture;
        } else if row.is_open() && mistake != Some(Mistake::LeaveRivalsOpen) {
            close(state.payment_mut(payment), scope.kind_of(payment), mistake);
        }
    }
}

/// `order:cancelled`: what is not authorised yet is closed.
pub(crate) fn order_cancelled(state: &mut State, scope: &Scope, order: u8, mistake: Option<Mistake>) {
    state.order_mut(order).copy = OrderCopy::Final;
    for id in scope.payments_of(order) {
        let payment = state.payment_mut(id);
        match mistake {
            _ if !payment.row.is_open() => {}
            Some(Mistake::CloseWithoutAsking) => advance(payment, Row::Failed, mistake),
            _ => close(payment, scope.kind_of(id), mistake),
        }
    }
}

/// Has what is not authorised yet closed. Without an intent in the row no card was charged, and nothing has to be asked.
fn close(payment: &mut Payment, kind: Kind, mistake: Option<Mistake>) {
    if payment.row == Row::Pending && kind == Kind::Token {
        advance(payment, Row::Failed, mistake);
    } else {
        payment.decision = Decision::Close;
    }
}

/// `payment:rejected`: what was authorised goes back.
pub(crate) fn payment_rejected(payment: &mut Payment) {
    if payment.row == Row::Authorised {
        payment.decision = Decision::Release;
    }
}
