//! I7: a poison message is in the dead letters exactly once, until an operator replays it, and the good ones behind it are not
//! delayed.

use std::collections::HashMap;

use common::{Service, event::Subject};
use messaging::topology;

use super::Verdict;
use crate::{facts::Facts, text};

/// A payment takes milliseconds; one that waits for a poison message to be given up would take its redeliveries.
const NOT_DELAYED_MS: i64 = 5_000;

pub(super) fn poison_is_kept_once(facts: &Facts) -> Verdict {
    let mut broken: Vec<String> =
        facts.unreadable.iter().map(|message| format!("nobody can read {message}")).collect();
    let durable = topology::durable_name(Service::Orders, Subject::PaymentCreated);
    let wanted: Vec<String> = facts
        .payments
        .iter()
        .filter(|payment| payment.event.is_none())
        .map(|payment| topology::dead_letter_subject(&durable, payment.sequence))
        .collect();
    let mut kept: HashMap<&str, usize> = HashMap::new();
    for letter in &facts.dead_letters {
        *kept.entry(letter.subject.as_str()).or_default() += 1;
        if !wanted.contains(&letter.subject) {
            broken.push(format!("{} is a dead letter for no good reason: {}", letter.subject, letter.reason));
        }
    }
    for subject in &facts.replayed {
        *kept.entry(subject.as_str()).or_default() += 1;
        if !wanted.contains(subject) {
            broken.push(format!("{subject} was replayed, and nobody knows of it"));
        }
    }
    for subject in &wanted {
        match kept.get(subject.as_str()) {
            Some(1) => {}
            other => {
                let times = other.copied().unwrap_or_default();
                broken.push(format!("{subject} is kept or replayed {times} times"));
            }
        }
    }
    let delays = delays_ms(facts);
    // One that a killed process had in hand comes back after the ack wait.
    let back_ms =
        if facts.killed == Some(Service::Orders) { topology::ACK_WAIT.as_millis() as i64 } else { 0 };
    for (order, delay_ms) in delays.iter().filter(|(_, delay_ms)| *delay_ms > NOT_DELAYED_MS + back_ms) {
        broken.push(format!(
            "the payment of order {order} behind the poison took {}",
            text::span(*delay_ms as f64)
        ));
    }
    let slowest = delays.iter().map(|(_, delay_ms)| *delay_ms).max().unwrap_or_default();
    let compared = format!(
        "{} unreadable payments = {} dead letters + {} replayed; {} good ones behind the first, the slowest {}",
        wanted.len(),
        facts.dead_letters.len(),
        facts.replayed.len(),
        delays.len(),
        text::span(slowest as f64)
    );
    Verdict { invariant: "I7", claim: "poison is kept once, delays nobody", compared, broken }
}

/// Time from the broker's store to the complete order, for each good payment behind the first bad one.
fn delays_ms(facts: &Facts) -> Vec<(&str, i64)> {
    let Some(poison) =
        facts.payments.iter().filter(|payment| payment.event.is_none()).map(|p| p.sequence).min()
    else {
        return Vec::new();
    };
    let behind = facts.payments.iter().filter(|payment| payment.sequence > poison);
    behind
        .filter_map(|payment| {
            let event = payment.event.as_ref()?;
            let complete_at_ms = facts.complete_at_ms.get(&event.order_id)?;
            Some((event.order_id.as_str(), complete_at_ms - payment.at_ms))
        })
        .collect()
}
