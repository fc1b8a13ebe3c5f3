//! A measure that every step of the system raises: why a run that is left alone comes to its end.

use super::{
    payments,
    scope::{Kind, Scope},
    state::{
        Answer, Call, Decision, Delivery, Intent, Key, Order, OrderCopy, OrderRow, Payment, Request, Row,
        State, Watermark,
    },
};

/// How far everything has come. Mishaps may lower it, and nothing else.
pub(crate) fn measure(state: &State, scope: &Scope) -> i32 {
    let orders: i32 = state.orders.iter().map(order).sum();
    let payments: i32 = scope.plans().map(|(id, plan)| payment(state.payment(id), plan.kind)).sum();
    let found = i32::from(state.found_unpaid.is_some());
    i32::from(state.time) + orders + payments + watermark(&state.watermark) + found
}

/// A decision outweighs what the watermark and a wrong expiry forget at it.
fn order(order: &Order) -> i32 {
    let row = match order.row {
        OrderRow::NotPlaced | OrderRow::Unpaid => 0,
        OrderRow::CompleteBy(_) | OrderRow::Expired | OrderRow::CancelledByBuyer => 100,
    };
    row + i32::from(order.copy == OrderCopy::Final) + delivery(order.completed) + delivery(order.cancelled)
}

/// Telling again takes `payment:created` back, and what was lost with it.
fn delivery(delivery: Delivery) -> i32 {
    match delivery {
        Delivery::Lost => -5,
        delivery => delivery as i32,
    }
}

fn watermark(watermark: &Watermark) -> i32 {
    10 * i32::from(watermark.seen) + i32::from(watermark.now.is_some()) + i32::from(watermark.last.is_some())
}

/// A step of the row outweighs what a call or a decision loses at it.
fn payment(payment: &Payment, kind: Kind) -> i32 {
    let row = match payment.row {
        row if row.is_final() => 5,
        row => row as i32,
    };
    let decision = i32::from(payment.decision != Decision::Undecided);
    let events = [payment.created, payment.rejected, payment.settled].map(delivery);
    let key = i32::from(!matches!(payment.key, Key::Unused | Key::Error));
    40 * row
        + 10 * decision
        + 5 * key
        + call(payment, kind)
        + payment.rejection as i32
        + events.iter().sum::<i32>()
}

/// A call that the row waits for climbs from 0; one that something else has overtaken climbs back to it.
fn call(payment: &Payment, kind: Kind) -> i32 {
    match payment.call {
        Call::Idle => 0,
        Call::Asking(request) if is_awaited(payment, request) => match request {
            Request::LookUp => 3,
            _ => 1,
        },
        Call::Asking(_) => -2,
        Call::Answered(Answer::Error) if matches!(payment.row, Row::Pending | Row::Prepared) => 2,
        // Nothing was done: the next request has another key.
        Call::Answered(Answer::Prepared) if payment.row == Row::Prepared && payment.key == Key::Error => 4,
        Call::Answered(answer) if payments::after(payment, kind, answer).is_some() => 4,
        Call::Answered(_) => -1,
    }
}

fn is_awaited(payment: &Payment, request: Request) -> bool {
    match (request, payment.row) {
        (Request::Create | Request::LookUp, Row::Pending) => true,
        (Request::Confirm | Request::LookUp | Request::Release, Row::Prepared) => true,
        (Request::LookUp, Row::Open) => payment.intent != Intent::Open,
        (Request::Expire, Row::Open) => true,
        (Request::Release, row) => row == Row::Authorised && payment.decision == Decision::Release,
        (Request::Capture | Request::Refund, row) => row == Row::Authorised,
        _ => false,
    }
}
