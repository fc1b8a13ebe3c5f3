//! Orders of services that are not ours. Nothing but their timers is kept of them, and nobody sweeps: what the schedule loses
//! of them and does not find again is lost.

use std::collections::{HashMap, HashSet};

use common::{Service, event::Subject};

use crate::{
    bounds::{Limit, Part},
    facts::Facts,
    record::Foreign,
    text,
};

/// Clocks by which a timer fires, and by which it is judged. A worker's own can only make it late.
const CLOCKS: [Part; 2] = [Part::Redis, Part::Broker];
/// So long before its first due time an extension is in the schedule, where nothing is broken.
const MOVED_MS: i64 = 5_000;

/// When each timer fired, those that the broker lost afterwards too.
fn fired(facts: &Facts) -> HashMap<&str, Vec<i64>> {
    let mut fired: HashMap<&str, Vec<i64>> = HashMap::new();
    for timer in &facts.fired {
        fired.entry(timer.event.order_id.as_str()).or_default().push(timer.at_ms);
    }
    fired
}

/// The orders whose `order:created` is in the stream in the end.
fn in_the_stream(facts: &Facts) -> HashSet<&str> {
    let created = facts.foreign.iter().filter(|event| event.subject == Subject::OrderCreated && !event.gone);
    created.map(|event| event.order.as_str()).collect()
}

/// The orders that have to fire: not those whose cancellation was sent, and of those that the broker lost only the ones that it
/// still has.
fn due(facts: &Facts) -> impl Iterator<Item = &Foreign> {
    let there = in_the_stream(facts);
    facts.record.foreign.iter().filter(move |foreign| {
        let excused = match foreign.stored_ms {
            Some(stored_ms) => facts.bounds.may_have_lost(Service::Orders, stored_ms),
            None => true,
        };
        foreign.cancelled_ms.is_none() && (there.contains(foreign.order.as_str()) || !excused)
    })
}

/// The part of I1: adds those that never fired. The answer is what was compared.
pub(super) fn lost(facts: &Facts, broken: &mut Vec<String>) -> String {
    let fired = fired(facts);
    let mut wanted = 0;
    for foreign in due(facts) {
        wanted += 1;
        if !fired.contains_key(foreign.order.as_str()) {
            broken.push(format!("the timer of the foreign order {} has not fired", foreign.order));
        }
    }
    if facts.record.foreign.is_empty() {
        String::new()
    } else {
        format!("; {wanted} timers of foreign orders")
    }
}

/// The part of I2: those that fired before they were due.
pub(super) fn early(facts: &Facts) -> Vec<String> {
    let fired = fired(facts);
    let early = facts.record.foreign.iter().filter_map(|foreign| {
        let first = *fired.get(foreign.order.as_str())?.iter().min()?;
        let early_ms = not_before_ms(facts, foreign) - first;
        let excused_ms = facts.bounds.skew_ms(first, &CLOCKS);
        (early_ms > excused_ms).then(|| {
            format!("the timer of the foreign order {} fired {early_ms} ms before it was due", foreign.order)
        })
    });
    early.collect()
}

/// More time that was told long before the first due time counts; what was told late may come late.
fn not_before_ms(facts: &Facts, foreign: &Foreign) -> i64 {
    let first_ms = foreign.due.as_millis();
    match foreign.extended {
        Some((_, stored_ms))
            if stored_ms + MOVED_MS < first_ms
                && facts.bounds.timers_in_health(stored_ms - MOVED_MS, first_ms) =>
        {
            foreign.due_ms()
        }
        _ => first_ms,
    }
}

/// Since when its `order:created` is stored for good: one that the broker lost may have been published again.
fn known_ms(facts: &Facts, foreign: &Foreign) -> i64 {
    let there = facts.foreign.iter().filter(|event| {
        event.subject == Subject::OrderCreated && event.order == foreign.order && !event.gone
    });
    let first_ms = there.map(|event| event.at_ms).min();
    match foreign.stored_ms {
        Some(stored_ms) if !facts.bounds.may_have_lost(Service::Orders, stored_ms) => stored_ms,
        stored_ms => first_ms.or(stored_ms).unwrap_or(i64::MIN),
    }
}

/// The part of I9: those that fired later than a fault excuses. The answer is what was compared.
pub(super) fn late(facts: &Facts, broken: &mut Vec<String>) -> Option<String> {
    let fired = fired(facts);
    let mut latest_ms = 0;
    let mut count = 0;
    for foreign in due(facts) {
        let Some(first) = fired.get(foreign.order.as_str()).and_then(|all| all.iter().min()) else {
            continue;
        };
        // One whose time was over when it was stored is due at once.
        let from_ms = foreign.due_ms().max(known_ms(facts, foreign));
        let (late_ms, deadline_ms) = (first - from_ms, facts.bounds.deadline_ms(from_ms, Limit::foreign()));
        count += 1;
        latest_ms = latest_ms.max(late_ms);
        if *first > deadline_ms {
            broken.push(format!(
                "the timer of the foreign order {} fired late by {}, and no later than {} is excused",
                foreign.order,
                text::span(late_ms as f64),
                text::span((deadline_ms - from_ms) as f64)
            ));
        }
    }
    (!facts.record.foreign.is_empty())
        .then(|| format!("{count} foreign timers: {}", text::span(latest_ms as f64)))
}

/// The part of I12: what the broker lost of the expirations has fired again, and stands in the stream for whoever lost it as well.
pub(super) fn not_again(facts: &Facts) -> Vec<String> {
    if facts.bounds.retention.is_some() {
        return Vec::new();
    }
    let (ever, there) = (fired(facts), in_the_stream(facts));
    let still: HashSet<&str> =
        facts.fired.iter().filter(|timer| !timer.gone).map(|timer| timer.event.order_id.as_str()).collect();
    due(facts)
        .map(|foreign| foreign.order.as_str())
        .filter(|order| there.contains(order) && ever.contains_key(order) && !still.contains(order))
        .map(|order| {
            format!("the expiration of the foreign order {order} was lost, and it did not fire again")
        })
        .collect()
}
