//! I8: what is left behind.

use common::Service;

use super::Verdict;
use crate::{facts::Facts, quiescence::untold, text};

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
        facts.consumers.len(),
        text::some(facts.outbox.len() + facts.ticket_outbox.len(), "event")
    );
    Verdict { invariant: "I8", claim: "everything drains", compared, broken }
}
