//! What people were answered is so: a cancellation, more time, a payment.

use std::collections::{HashMap, HashSet};

use common::event::Timestamp;

use crate::facts::{Facts, OrderRow};

/// Orders whose cancellation was answered with 204 and that are not cancelled.
pub(super) fn not_cancelled(facts: &Facts) -> Vec<String> {
    let rows = rows(facts);
    let answered = facts.record.cancellations.iter().filter(|wish| wish.answered);
    answered
        .filter_map(|wish| {
            let row = rows.get(wish.order.as_str()).filter(|row| !row.is_cancelled())?;
            Some(format!("the cancellation of order {} was answered, and it is {}", row.id, row.status))
        })
        .collect()
}

/// Orders that have less time than an operator knows to have given them.
pub(super) fn not_extended(facts: &Facts) -> Vec<String> {
    let rows = rows(facts);
    let answered = facts.record.extensions.iter().filter(|extension| extension.answered);
    answered
        .filter_map(|extension| {
            let row = rows.get(extension.order.as_str())?;
            let until = Timestamp::from(row.expires_at);
            let less = until < extension.to;
            less.then(|| format!("order {} has time until {until}, and was given {}", row.id, extension.to))
        })
        .collect()
}

/// Payments whose buyers were answered with 201, and that `payments` does not know.
pub(super) fn not_paid(facts: &Facts) -> Vec<String> {
    let known: HashSet<(&str, &str)> =
        facts.payment_rows.iter().map(|row| (row.id.as_str(), row.order_id.as_str())).collect();
    let lost = facts
        .record
        .payments
        .iter()
        .filter(|paid| !known.contains(&(paid.payment.as_str(), paid.order.as_str())));
    lost.map(|paid| {
        format!(
            "payment {} of order {} is known to its buyer and not in the database",
            paid.payment, paid.order
        )
    })
    .collect()
}

fn rows(facts: &Facts) -> HashMap<&str, &OrderRow> {
    facts.rows.iter().map(|row| (row.id.as_str(), row)).collect()
}
