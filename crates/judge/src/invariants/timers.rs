//! The part of I12 that is about timers: whatever Redis lost, every timer fires that nobody took away.

use super::lateness::fired;
use crate::{
    bounds::{Limit, ms},
    facts::{Facts, OrderRow},
};

/// Adds the orders whose timers did not fire. The answer is what was compared.
pub(super) fn missing(facts: &Facts, broken: &mut Vec<String>) -> String {
    let fired = fired(facts);
    let rows: Vec<&OrderRow> = facts.rows.iter().filter(|row| fires(facts, row)).collect();
    for row in rows.iter().filter(|row| !fired.contains(row.id.as_str())) {
        broken.push(format!("the timer of order {} has not fired, and nothing excuses it", row.id));
    }
    format!("{} timers fired", rows.len())
}

/// A complete order's timer fires, whenever it is found again. That of an expired one may be overtaken by the sweeper and is then
/// taken out; but not where nothing was broken when it was due, and the schedule was complete.
fn fires(facts: &Facts, row: &OrderRow) -> bool {
    let due_ms = row.expires_at.timestamp_millis();
    let swept_ms = due_ms + ms(Limit::by_sweeper().in_health);
    match row.cancel_reason.as_deref() {
        None => row.is_complete(),
        Some("expired") => facts.bounds.timers_in_health(due_ms, swept_ms),
        Some(_) => false,
    }
}
