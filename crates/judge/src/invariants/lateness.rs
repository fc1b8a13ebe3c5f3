//! I9: how late things are.

use std::collections::{HashMap, HashSet};

use super::{Verdict, foreign};
use crate::{
    bounds::{Limit, ms},
    facts::{Facts, OrderRow},
    text,
};

/// I9: lateness is bounded, also where the timer was lost. A fault moves the bound by as long as it was in force.
pub(super) fn late_by_no_more(facts: &Facts) -> Verdict {
    let fired = fired(facts);
    let mut broken = Vec::new();
    let mut compared = Vec::new();
    for (by, limit, is_fired) in [("timer", Limit::by_timer(), true), ("sweeper", Limit::by_sweeper(), false)]
    {
        let rows = facts.rows.iter().filter(|row| fired.contains(row.id.as_str()) == is_fired);
        let all: Vec<(&OrderRow, f64)> = rows.filter_map(|row| Some((row, row.lateness_ms()?))).collect();
        let latest = all.iter().map(|(_, late_ms)| *late_ms).fold(0.0, f64::max);
        let too_late = all.iter().filter(|(row, late_ms)| *late_ms > excused_ms(facts, row, limit));
        let too_late: Vec<&str> = too_late.map(|(row, _)| row.id.as_str()).collect();
        let limit = text::span(ms(limit.in_health) as f64);
        if !too_late.is_empty() {
            broken.push(format!(
                "{} orders expired by the {by} were later than {limit} after the last fault, the latest by {}: {}",
                too_late.len(),
                text::span(latest),
                some_of(&too_late)
            ));
        }
        compared.push(format!("{} by the {by}: {} <= {limit}", all.len(), text::span(latest)));
    }
    compared.extend(foreign::late(facts, &mut broken));
    Verdict { invariant: "I9", claim: "lateness is bounded", compared: compared.join("; "), broken }
}

/// How late this order may be.
fn excused_ms(facts: &Facts, row: &OrderRow, limit: Limit) -> f64 {
    let due_ms = row.expires_at.timestamp_millis();
    (facts.bounds.deadline_ms(due_ms, limit) - due_ms) as f64
}

/// As many ids as a person reads.
fn some_of(orders: &[&str]) -> String {
    const MOST: usize = 3;
    let more = if orders.len() > MOST { ", ..." } else { "" };
    format!("{}{more}", orders[..orders.len().min(MOST)].join(", "))
}

/// The orders whose timers fired.
pub(super) fn fired(facts: &Facts) -> HashSet<&str> {
    facts.fired.iter().map(|timer| timer.event.order_id.as_str()).collect()
}

/// How late things were, in ms after `expiresAt`.
#[derive(Clone, Debug, Default)]
pub struct Lateness {
    /// `expiration:complete`, until the broker stored it.
    pub fired: Vec<f64>,
    /// Orders that expired because of it, until they were cancelled.
    pub by_timer: Vec<f64>,
    /// Orders that expired without it.
    pub by_sweeper: Vec<f64>,
}

impl Lateness {
    /// Of all that was seen.
    pub fn of(facts: &Facts) -> Self {
        let fired = fired(facts);
        let mut lateness = Self::default();
        for row in &facts.rows {
            let Some(late_ms) = row.lateness_ms() else { continue };
            if fired.contains(row.id.as_str()) {
                lateness.by_timer.push(late_ms);
            } else {
                lateness.by_sweeper.push(late_ms);
            }
        }
        let due: HashMap<&str, i64> =
            facts.rows.iter().map(|row| (row.id.as_str(), row.expires_at.timestamp_millis())).collect();
        for timer in &facts.fired {
            if let Some(due_ms) = due.get(timer.event.order_id.as_str()) {
                lateness.fired.push((timer.at_ms - due_ms) as f64);
            }
        }
        lateness
    }
}
