//! I1 to I4: what becomes of an order.

use std::collections::{HashMap, HashSet};

use common::event::{Id, OrderCancelled, OrderCreated, Timestamp};

use super::{Verdict, told::told};
use crate::{facts::Facts, ledger::Known, plan::Ending};

/// I1: every committed order ends cancelled, unless a payment committed first.
pub(super) fn never_lost(facts: &Facts) -> Verdict {
    let mut broken = Vec::new();
    let placed: HashMap<&str, Ending> =
        facts.placed.iter().map(|entry| (entry.order.as_str(), entry.role.ending)).collect();
    let rows: HashSet<&str> = facts.rows.iter().map(|row| row.id.as_str()).collect();
    for order in placed.keys().filter(|order| !rows.contains(*order)) {
        broken.push(format!("order {order} is known to its buyer and not in the database"));
    }
    for row in &facts.rows {
        let id = &row.id;
        match placed.get(id.as_str()) {
            None => broken.push(format!("order {id} is in the database and nobody placed it")),
            Some(ending)
                if row.cancel_reason.as_deref() == Some("buyer") && *ending != Ending::CancelledByBuyer =>
            {
                broken.push(format!("order {id} was cancelled by its buyer, who did not"));
            }
            Some(_) if row.is_complete() && !is_paid(facts, id, row.payment_id.as_deref()) => {
                broken.push(format!("order {id} is complete without a stored payment:created"));
            }
            Some(_) if !row.is_complete() && !row.is_cancelled() => {
                broken.push(format!("order {id} has not ended: its status is {}", row.status));
            }
            Some(_) => {}
        }
    }
    let cancelled = facts.rows.iter().filter(|row| row.is_cancelled()).count();
    let complete = facts.rows.iter().filter(|row| row.is_complete()).count();
    let listed = facts.placed.iter().filter(|entry| entry.known == Known::Listed).count();
    let listed = if listed > 0 { format!(" + {listed} found in a buyer's list") } else { String::new() };
    let answered = facts.placed.iter().filter(|entry| entry.known == Known::Answered).count();
    let compared = format!(
        "{answered} answers 201{listed} = {} rows = {cancelled} cancelled + {complete} complete, each by a stored payment",
        facts.rows.len()
    );
    Verdict { invariant: "I1", claim: "never lost", compared, broken }
}

fn is_paid(facts: &Facts, order: &str, payment: Option<&str>) -> bool {
    let stored = facts.payments.iter().filter_map(|payment| payment.event.as_ref());
    stored.into_iter().any(|event| event.order_id.as_str() == order && Some(event.id.as_str()) == payment)
}

/// I2: for an expiry, `cancelled_at >= expires_at`, both on Postgres' clock. Row, answer and event name one instant, and where an
/// operator gave more time, the row names that one.
pub(super) fn never_early(facts: &Facts) -> Verdict {
    let mut broken = Vec::new();
    let mut margins = Vec::new();
    for row in &facts.rows {
        if let Some(late_ms) = row.lateness_ms() {
            margins.push(late_ms);
            if late_ms < 0.0 {
                broken.push(format!("order {} was cancelled {:.3} ms before it expired", row.id, -late_ms));
            }
        }
    }
    let instants: HashMap<&str, Timestamp> =
        facts.rows.iter().map(|row| (row.id.as_str(), row.expires_at.into())).collect();
    let named = facts.placed.iter().map(|entry| (&entry.order, entry.expires_at, "its answer"));
    let told = facts.created.iter().map(|event| (&event.id, event.expires_at, "order:created"));
    let mut extended: HashMap<&str, Timestamp> = HashMap::new();
    for event in &facts.extended {
        let to = extended.entry(event.id.as_str()).or_insert(event.expires_at);
        *to = event.expires_at.max(*to);
    }
    for (order, expires_at, by) in named.chain(told) {
        let (row, extended) = (instants.get(order.as_str()), extended.get(order.as_str()));
        if row.is_some_and(|row| row != extended.unwrap_or(&expires_at)) {
            broken.push(format!("order {order} expires at {expires_at} by {by}, and not so by its row"));
        }
        if extended.is_some_and(|extended| *extended <= expires_at) {
            broken.push(format!("order {order} was given more time, and has less than by {by}"));
        }
    }
    let least = margins.iter().copied().reduce(f64::min);
    let least =
        least.map_or_else(|| "none".to_owned(), |ms| format!("the nearest by {}", crate::text::span(ms)));
    let compared = format!(
        "cancelled_at >= expires_at in {} rows, {least}; one expiresAt in row, answer and event, {} extended",
        margins.len(),
        extended.len()
    );
    Verdict { invariant: "I2", claim: "never early", compared, broken }
}

/// I3: at most one cancelled version and one distinct `order:cancelled`; versions are contiguous.
pub(super) fn one_effect(facts: &Facts) -> Verdict {
    let mut broken = Vec::new();
    let mut created: HashMap<&Id, &OrderCreated> = HashMap::new();
    for event in &facts.created {
        let first = created.entry(&event.id).or_insert(event);
        if *first != event {
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
