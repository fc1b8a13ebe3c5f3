//! What must hold in every state, and what must be possible at all.

use stateright::Property;

use super::{
    apply::apply,
    enabled, progress,
    scope::Kind,
    state::{Call, Decision, Delivery, Intent, OrderRow, Payment, Rejection, Row, State},
    system::System,
};

/// The properties by name, for a test that expects one of them to fail.
pub mod name {
    /// Never both complete and cancelled, and told as it is.
    pub const ONE_DECISION: &str = "I4: an order is decided once";
    /// No expiry overtakes a payment that was stored in time.
    pub const PAID_IN_TIME: &str = "I10: what was stored in time is never overtaken by the expiry";
    /// No capture before the decision, and none of another payment.
    pub const CAPTURED_FOR_ORDER: &str = "I11: money is captured only for the order that it completed";
    /// Captured minus refunded is the sum of the complete orders, and nothing else is held.
    pub const MONEY_FOLLOWS: &str = "I11: in the end the money is where the orders are";
    /// Nothing is left to do for anybody.
    pub const SETTLED: &str = "a run that is left alone ends settled";
    /// No step of the system leads back.
    pub const ENDS: &str = "a run that is left alone ends";
}

/// All of them, as far as the scope has what they speak of.
pub(crate) fn all(system: &System) -> Vec<Property<System>> {
    let mut all = vec![
        Property::always(name::ONE_DECISION, one_decision),
        Property::always(name::PAID_IN_TIME, paid_in_time),
        Property::always(name::CAPTURED_FOR_ORDER, captured_for_order),
        Property::always(name::MONEY_FOLLOWS, money_follows),
        Property::always(name::SETTLED, settled),
        Property::always(name::ENDS, ends),
        Property::sometimes("a payment is captured", |_, state: &State| any(state, Row::Captured)),
        Property::sometimes("a payment comes to nothing", |_, state: &State| any(state, Row::Failed)),
        Property::sometimes("an order expires", |_, state: &State| state.orders[0].row == OrderRow::Expired),
        Property::sometimes("a payment in time waits while its order is overdue", waits_overdue),
        Property::sometimes("everything is settled", is_at_rest),
    ];
    let has = |kind| system.scope.plans().any(|(_, plan)| plan.kind == kind);
    if has(Kind::Token) || has(Kind::Page) {
        all.push(Property::sometimes("a payment is released", |_, state: &State| any(state, Row::Released)));
    }
    if has(Kind::Page) {
        all.push(Property::sometimes("a page that was to be closed is paid", closed_too_late));
    }
    if has(Kind::Charge) {
        all.push(Property::sometimes("a payment is refunded", |_, state: &State| any(state, Row::Refunded)));
    }
    if system.scope.payments.len() > 1 {
        let second = |_: &System, state: &State| state.payments[1].row == Row::Captured;
        all.push(Property::sometimes("the second payment is captured", second));
    }
    if system.scope.orders > 1 || system.scope.two_live {
        all.push(Property::sometimes("one payment is captured and another goes back", |_, state: &State| {
            any(state, Row::Captured) && (any(state, Row::Released) || any(state, Row::Refunded))
        }));
    }
    if system.scope.orders > 1 {
        let complete = |_: &System, state: &State| matches!(state.orders[1].row, OrderRow::CompleteBy(_));
        all.push(Property::sometimes("the seat is sold after it was free again", complete));
    }
    all
}

fn one_decision(system: &System, state: &State) -> bool {
    system.orders(state).all(|(_, order)| {
        let told_complete = order.completed != Delivery::Untold;
        let told_cancelled = order.cancelled != Delivery::Untold;
        match order.row {
            OrderRow::NotPlaced | OrderRow::Unpaid => !told_complete && !told_cancelled,
            OrderRow::CompleteBy(winner) => {
                !told_cancelled && state.payment(winner).rejection == Rejection::Absent
            }
            OrderRow::Expired | OrderRow::CancelledByBuyer => !told_complete,
        }
    })
}

fn paid_in_time(system: &System, state: &State) -> bool {
    let mut payments = system.payments(state);
    payments.all(|(id, payment)| {
        !payment.in_time || state.order(system.scope.order_of(id)).row != OrderRow::Expired
    })
}

fn captured_for_order(system: &System, state: &State) -> bool {
    let mut payments = system.payments(state);
    payments.all(|(id, payment)| {
        let taken_by_us = payment.intent == Intent::Captured && system.scope.kind_of(id) != Kind::Charge;
        !taken_by_us || completes(system, state, id)
    })
}

fn money_follows(system: &System, state: &State) -> bool {
    let follows = |(id, payment): (u8, &Payment)| {
        let captured = payment.intent == Intent::Captured;
        let held = payment.intent == Intent::Authorised || payment.orphan;
        captured == completes(system, state, id) && !held
    };
    !is_at_rest(system, state) || system.payments(state).all(follows)
}

fn settled(system: &System, state: &State) -> bool {
    let is_decided = |row| !matches!(row, OrderRow::NotPlaced | OrderRow::Unpaid);
    let order =
        |order: u8| state.order(order).row == OrderRow::NotPlaced || is_decided(state.order(order).row);
    let payment = |payment: &Payment| {
        let row = payment.row == Row::Absent || payment.row.is_final();
        row && payment.decision == Decision::Undecided
            && payment.rejection != Rejection::Unsettled
            && payment.intent != Intent::Open
    };
    !is_at_rest(system, state)
        || (0..system.scope.orders).all(order) && system.payments(state).all(|(_, it)| payment(it))
}

fn ends(system: &System, state: &State) -> bool {
    let here = progress::measure(state, &system.scope);
    let mut steps = Vec::new();
    enabled::by_system(system, state, &mut steps);
    steps.into_iter().all(|step| progress::measure(&apply(system, state, step), &system.scope) > here)
}

fn is_at_rest(system: &System, state: &State) -> bool {
    if state.time < system.scope.orders || state.payments.iter().any(|payment| payment.call != Call::Idle) {
        return false;
    }
    let mut steps = Vec::new();
    enabled::by_system(system, state, &mut steps);
    steps.is_empty()
}

fn completes(system: &System, state: &State, payment: u8) -> bool {
    state.order(system.scope.order_of(payment)).row == OrderRow::CompleteBy(payment)
}

fn any(state: &State, row: Row) -> bool {
    state.payments.iter().any(|payment| payment.row == row)
}

fn waits_overdue(system: &System, state: &State) -> bool {
    let mut payments = system.payments(state);
    payments.any(|(id, payment)| {
        let order = system.scope.order_of(id);
        payment.in_time && state.is_over(order) && state.order(order).row == OrderRow::Unpaid
    })
}

fn closed_too_late(system: &System, state: &State) -> bool {
    let mut payments = system.payments(state);
    payments.any(|(_, payment)| payment.decision == Decision::Close && payment.intent == Intent::Authorised)
}
