//! I1, I3 and I4: what becomes of an order.

use std::collections::{HashMap, HashSet};

use common::{
    Service,
    event::{Id, OrderCancelled, OrderCreated},
};

use super::{Verdict, foreign, told::told, wishes};
use crate::{
    facts::{Facts, OrderRow},
    record::{Known, Placed},
};

/// I1: every committed order ends cancelled, unless a payment committed first; and the timer of every other fires.
pub(super) fn never_lost(facts: &Facts) -> Verdict {
    let mut broken = Vec::new();
    let placed: HashMap<&str, &Placed> =
        facts.record.placed.iter().map(|entry| (entry.order.as_str(), entry)).collect();
    let rows: HashSet<&str> = facts.rows.iter().map(|row| row.id.as_str()).collect();
    for order in placed.keys().filter(|order| !rows.contains(*order)) {
        broken.push(format!("order {order} is known to its buyer and not in the database"));
    }
    let mut doubtful: HashMap<&str, usize> = HashMap::new();
    for asked in &facts.record.doubtful {
        *doubtful.entry(asked.ticket.as_str()).or_default() += 1;
    }
    for row in &facts.rows {
        let wrong = match placed.get(row.id.as_str()) {
            Some(placed) if placed.ticket.as_str() != row.ticket_id => {
                Some(format!("is of ticket {}, and was placed for {}", row.ticket_id, placed.ticket))
            }
            None if !take_one(&mut doubtful, &row.ticket_id) => {
                Some("is in the database and nobody placed it".to_owned())
            }
            _ => wrong_end(facts, row),
        };
        broken.extend(wrong.map(|wrong| format!("order {} {wrong}", row.id)));
    }
    broken.extend(wishes::not_cancelled(facts));
    let fired = foreign::lost(facts, &mut broken);
    let cancelled = facts.rows.iter().filter(|row| row.is_cancelled()).count();
    let complete = facts.rows.iter().filter(|row| row.is_complete()).count();
    let of = |known| facts.record.placed.iter().filter(|entry| entry.known == known).count();
    let listed = match of(Known::Listed) {
        0 => String::new(),
        listed => format!(" + {listed} found in a buyer's list"),
    };
    let compared = format!(
        "{} answers 201{listed} = {} rows = {cancelled} cancelled + {complete} complete, each by a stored payment{fired}",
        of(Known::Answered),
        facts.rows.len()
    );
    Verdict { invariant: "I1", claim: "never lost", compared, broken }
}

/// Whether there was one left.
fn take_one(doubtful: &mut HashMap<&str, usize>, ticket: &str) -> bool {
    doubtful.get_mut(ticket).is_some_and(|left| {
        let taken = *left > 0;
        *left -= usize::from(taken);
        taken
    })
}

/// What is wrong with how an order ended.
fn wrong_end(facts: &Facts, row: &OrderRow) -> Option<String> {
    match row.cancel_reason.as_deref() {
        Some(reason @ ("buyer" | "operator")) if !facts.record.asked_to_cancel(&row.id, reason) => {
            let whom = if reason == "buyer" { "its buyer" } else { "an operator" };
            Some(format!("was cancelled by {whom}, who did not"))
        }
        _ if row.is_complete() && !is_paid(facts, &row.id, row.payment_id.as_deref()) => {
            Some("is complete without a stored payment:created".to_owned())
        }
        _ if !row.is_complete() && !row.is_cancelled() => {
            Some(format!("has not ended: its status is {}", row.status))
        }
        _ => None,
    }
}

/// Where the broker may have lost the event, the table of `payments` knows.
fn is_paid(facts: &Facts, order: &str, payment: Option<&str>) -> bool {
    let stored = facts.payments.iter().map(|payment| &payment.event);
    let told = stored
        .into_iter()
        .any(|event| event.order_id.as_str() == order && Some(event.id.as_str()) == payment);
    let in_the_table = || {
        let mut rows = facts.payment_rows.iter();
        rows.any(|row| row.order_id == order && Some(row.id.as_str()) == payment && row.is_settled())
    };
    told || (facts.bounds.may_miss(Service::Payments) && in_the_table())
}

/// I3: at most one cancelled version and one distinct `order:cancelled`; versions are contiguous.
pub(super) fn one_effect(facts: &Facts) -> Verdict {
    let mut broken = Vec::new();
    let mut created: HashMap<&Id, &OrderCreated> = HashMap::new();
    for event in &facts.created {
        let first = created.entry(&event.id).or_insert(event);
        if !is_same(facts, first, event) {
            broken.push(format!("order {} has two different order:created", event.id));
        }
        if event.version != 0 {
            broken.push(format!("order {} is created with version {}", event.id, event.version));
        }
    }
    let mut cancelled: HashMap<&Id, &OrderCancelled> = HashMap::new();
    for event in &facts.cancelled {
        let first = cancelled.entry(&event.id).or_insert(event);
        if *first != event {
            broken.push(format!("order {} has two different order:cancelled", event.id));
        }
        if event.version != 1 {
            broken.push(format!(
                "order {} is cancelled with version {}, and 1 follows 0",
                event.id, event.version
            ));
        }
    }
    for row in facts.rows.iter().filter(|row| (row.is_cancelled() || row.is_complete()) && row.version != 1) {
        broken.push(format!("order {} is {} with version {} in its row", row.id, row.status, row.version));
    }
    let repeated = facts.cancelled.len() - cancelled.len();
    let compared = format!(
        "{} orders told created (0) and {} cancelled (1) once each; stored twice: {repeated}; versions in {} rows",
        created.len(),
        cancelled.len(),
        facts.rows.len()
    );
    Verdict { invariant: "I3", claim: "one effect", compared, broken }
}

/// Where services tell again, an order that was given more time is told with that; I2 looks at the instant.
fn is_same(facts: &Facts, first: &OrderCreated, event: &OrderCreated) -> bool {
    let with_its_time = OrderCreated { expires_at: first.expires_at, ..event.clone() };
    first == event || (facts.bounds.tells_again() && *first == with_its_time)
}

/// I4: a complete order never becomes cancelled, nor the other way round.
pub(super) fn exclusive(facts: &Facts) -> Verdict {
    let mut broken = Vec::new();
    let cancelled = told::<OrderCancelled>(facts);
    let complete: Vec<_> = facts.rows.iter().filter(|row| row.is_complete()).collect();
    for row in &complete {
        if cancelled.iter().any(|told| told.order == row.id) {
            broken.push(format!("order {} is complete, and order:cancelled was told", row.id));
        }
        if row.cancelled_at.is_some() {
            broken.push(format!("order {} is complete, and its row says when it was cancelled", row.id));
        }
    }
    for row in facts.rows.iter().filter(|row| row.is_cancelled() && row.payment_id.is_some()) {
        broken.push(format!("order {} is cancelled, and its row names a payment", row.id));
    }
    let compared = format!(
        "{} complete orders against {} order:cancelled; payments in the rows of {} cancelled",
        complete.len(),
        cancelled.len(),
        facts.rows.iter().filter(|row| row.is_cancelled()).count()
    );
    Verdict { invariant: "I4", claim: "paid or cancelled, not both", compared, broken }
}
