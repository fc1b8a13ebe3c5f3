//! I2: when an order's time is over.

use std::collections::HashMap;

use common::{Service, event::Timestamp};

use super::{Verdict, foreign, wishes};
use crate::{facts::Facts, text};

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
    let extended = latest_extensions(facts);
    broken.extend(other_instants(facts, &extended));
    broken.extend(wishes::not_extended(facts));
    broken.extend(foreign::early(facts));
    let least = margins.iter().copied().reduce(f64::min);
    let least = least.map_or_else(|| "none".to_owned(), |ms| format!("the nearest by {}", text::span(ms)));
    let compared = format!(
        "cancelled_at >= expires_at in {} rows, {least}; one expiresAt in row, answer and event, {} extended",
        margins.len(),
        extended.len()
    );
    Verdict { invariant: "I2", claim: "never early", compared, broken }
}

/// The latest instant to which an event moved each order.
fn latest_extensions(facts: &Facts) -> HashMap<&str, Timestamp> {
    let mut extended: HashMap<&str, Timestamp> = HashMap::new();
    for event in &facts.extended {
        let to = extended.entry(event.id.as_str()).or_insert(event.expires_at);
        *to = event.expires_at.max(*to);
    }
    if facts.bounds.may_miss(Service::Orders) {
        extended.extend(witnessed(facts));
    }
    extended
}

/// Orders that were given more time by an event that nobody can show any more: `payments` has seen it.
fn witnessed(facts: &Facts) -> HashMap<&str, Timestamp> {
    let rows: HashMap<&str, Timestamp> =
        facts.rows.iter().map(|row| (row.id.as_str(), row.expires_at.into())).collect();
    let answered: HashMap<&str, Timestamp> =
        facts.record.placed.iter().map(|placed| (placed.order.as_str(), placed.expires_at)).collect();
    let copies = facts.order_copies.iter().filter_map(|copy| {
        let (order, until) = (copy.id.as_str(), Timestamp::from(copy.expires_at?));
        let is_more =
            rows.get(order) == Some(&until) && answered.get(order).is_some_and(|first| *first < until);
        is_more.then_some((order, until))
    });
    copies.collect()
}

/// Answers and events that name another instant than the row.
fn other_instants(facts: &Facts, extended: &HashMap<&str, Timestamp>) -> Vec<String> {
    let mut broken = Vec::new();
    let instants: HashMap<&str, Timestamp> =
        facts.rows.iter().map(|row| (row.id.as_str(), row.expires_at.into())).collect();
    let named = facts.record.placed.iter().map(|entry| (&entry.order, entry.expires_at, "its answer"));
    let told = facts.created.iter().map(|event| (&event.id, event.expires_at, "order:created"));
    for (order, expires_at, by) in named.chain(told) {
        let (row, extended) = (instants.get(order.as_str()), extended.get(order.as_str()));
        // An order that is told again names the instant that it has by then.
        let again = by == "order:created" && facts.bounds.tells_again() && row == Some(&expires_at);
        if again {
            continue;
        }
        if row.is_some_and(|row| row != extended.unwrap_or(&expires_at)) {
            broken.push(format!("order {order} expires at {expires_at} by {by}, and not so by its row"));
        }
        // Its buyer may have been answered only after it was given more time.
        let is_less = |extended: &&Timestamp| {
            if by == "order:created" { **extended <= expires_at } else { **extended < expires_at }
        };
        if extended.filter(is_less).is_some() {
            broken.push(format!("order {order} was given more time, and has less than by {by}"));
        }
    }
    broken
}
