//! I8 and I9: what is left behind, and how late it was.

use common::Service;
use std::collections::HashSet;

use super::Verdict;
use crate::{facts::Facts, quiescence::untold, text};

/// max(lease 10 s, ack wait 30 s) + poll 1 s.
const LATEST_BY_TIMER_MS: f64 = 31_000.0;
/// The sweeper's grace of 10 s, its interval of 2 s, and a second to do it.
const LATEST_BY_SWEEPER_MS: f64 = 13_000.0;

/// I8: after faults end, everything drains.
pub(super) fn everything_drains(facts: &Facts) -> Verdict {
    let mut broken = facts.unrest.clone();
    for (service, outbox) in [(Service::Orders, &facts.outbox), (Service::Tickets, &facts.ticket_outbox)] {
        let untold = untold(service, outbox.len());
        if !outbox.is_empty() && !broken.contains(&untold) {
            broken.push(untold);
        }
    }
    let compared = format!(
        "nothing in Redis' schedule, nothing pending or unanswered at {} consumers, {} in the outboxes",
        facts.consumers,
        text::some(facts.outbox.len() + facts.ticket_outbox.len(), "event")
    );
    Verdict { invariant: "I8", claim: "everything drains", compared, broken }
}

/// I9: lateness is bounded, also where the timer was lost.
pub(super) fn late_by_no_more(facts: &Facts) -> Verdict {
    let Lateness { by_timer, by_sweeper, .. } = Lateness::of(facts);
    let mut broken = Vec::new();
    let mut compared = Vec::new();
    for (by, all, limit_ms) in
        [("timer", by_timer, LATEST_BY_TIMER_MS), ("sweeper", by_sweeper, LATEST_BY_SWEEPER_MS)]
    {
        let latest = all.iter().copied().fold(0.0, f64::max);
        let count = all.iter().filter(|late_ms| **late_ms > limit_ms).count();
        if count > 0 {
            broken.push(format!(
                "{count} orders expired by the {by} were later than {}, the latest by {}",
                text::span(limit_ms),
                text::span(latest)
            ));
        }
        compared.push(format!(
            "{} by the {by}: {} <= {}",
            all.len(),
            text::span(latest),
            text::span(limit_ms)
        ));
    }
    Verdict { invariant: "I9", claim: "lateness is bounded", compared: compared.join("; "), broken }
}

/// How late things were, in ms after `expiresAt`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lateness {
    /// `expiration:complete`, until the broker stored it.
    pub(crate) fired: Vec<f64>,
    /// Orders that expired because of it, until they were cancelled.
    pub(crate) by_timer: Vec<f64>,
    /// Orders that expired without it.
    pub(crate) by_sweeper: Vec<f64>,
}

impl Lateness {
    pub(crate) fn of(facts: &Facts) -> Self {
        let fired: HashSet<&str> = facts.fired.iter().map(|timer| timer.event.order_id.as_str()).collect();
        let mut lateness = Self::default();
        for row in &facts.rows {
            let Some(late_ms) = row.lateness_ms() else { continue };
            if fired.contains(row.id.as_str()) {
                lateness.by_timer.push(late_ms);
            } else {
                lateness.by_sweeper.push(late_ms);
            }
        }
        let due: std::collections::HashMap<&str, i64> =
            facts.rows.iter().map(|row| (row.id.as_str(), row.expires_at.timestamp_millis())).collect();
        for timer in &facts.fired {
            if let Some(due_ms) = due.get(timer.event.order_id.as_str()) {
                lateness.fired.push((timer.at_ms - due_ms) as f64);
            }
        }
        lateness
    }
}
