//! How long good payments took behind one that nobody can read.

use std::{collections::HashMap, time::Duration};

use common::event::Subject;

use crate::{bounds::Limit, facts::Facts};

/// A payment takes milliseconds; one that waits for a poison message to be given up would take its redeliveries.
const NOT_DELAYED: Duration = Duration::from_secs(5);

/// How long a good payment behind a bad one took.
#[derive(Debug)]
pub(super) struct Delay<'a> {
    pub(super) order: &'a str,
    pub(super) ms: i64,
    /// No longer than this, as things were.
    pub(super) excused_ms: i64,
}

/// Time from the broker's store to the complete order, for each good payment behind the first bad one.
pub(super) fn delays_ms(facts: &Facts) -> Vec<Delay<'_>> {
    let bad = facts
        .unreadable
        .iter()
        .filter(|message| message.subject == Subject::PaymentCreated.as_str() && !message.gone);
    let Some(poison) = bad.map(|message| message.sequence).min() else { return Vec::new() };
    let complete_at_ms: HashMap<&str, i64> = facts
        .rows
        .iter()
        .filter_map(|row| Some((row.id.as_str(), row.completed_at?.timestamp_millis())))
        .chain(facts.record.complete_at_ms.iter().map(|(order, at_ms)| (order.as_str(), *at_ms)))
        .collect();
    let behind = facts.payments.iter().filter(|payment| !payment.gone && payment.sequence > poison);
    behind
        .filter_map(|payment| {
            let order = payment.event.order_id.as_str();
            let at_ms = payment.at_ms;
            let deadline_ms = facts.bounds.deadline_ms(at_ms, Limit::of_payments(NOT_DELAYED));
            Some(Delay { order, ms: complete_at_ms.get(order)? - at_ms, excused_ms: deadline_ms - at_ms })
        })
        .collect()
}
