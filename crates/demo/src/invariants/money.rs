//! I10 and I11: what becomes of a payment, and of the money.

use std::collections::{HashMap, HashSet};

use common::event::{PaymentCreated, Price};
use rust_decimal::{Decimal, prelude::ToPrimitive as _};

use super::Verdict;
use crate::facts::{At, Facts, OrderRow, Purchase};

/// What was stored so long before the order's time was over has to complete it.
const IN_TIME_MS: i64 = 1_000;

/// I10: an order whose payment the broker stored in time is complete, whatever was down meanwhile.
pub(super) fn paid_in_time_is_paid(facts: &Facts) -> Verdict {
    let rows: HashMap<&str, &OrderRow> = facts.rows.iter().map(|row| (row.id.as_str(), row)).collect();
    let mut broken = Vec::new();
    let mut in_time = 0;
    for (at_ms, event) in readable(facts) {
        let Some(row) = rows.get(event.order_id.as_str()) else { continue };
        let early_ms = row.expires_at.timestamp_millis() - at_ms;
        // Its buyer may have given up the order meanwhile: that is no expiry.
        if early_ms < IN_TIME_MS || row.cancel_reason.as_deref() == Some("buyer") {
            continue;
        }
        in_time += 1;
        if !row.is_complete() {
            broken.push(format!(
                "order {} was paid {early_ms} ms before its time was over and is {}",
                row.id, row.status
            ));
        }
    }
    let compared = format!("{in_time} payments stored in time, each against its order");
    Verdict { invariant: "I10", claim: "paid in time is paid", compared, broken }
}

/// I11: captured minus refunded is what complete orders cost, to the cent, nothing else is held, and each payment either completed
/// its order or was rejected once.
pub(super) fn money_follows_the_order(facts: &Facts) -> Verdict {
    let mut broken = undecided(facts);
    let prices: HashMap<&str, i64> = facts
        .created
        .iter()
        .filter_map(|event| Some((event.id.as_str(), cents(event.ticket.price)?)))
        .collect();
    let mut taken: HashMap<&str, i64> = HashMap::new();
    for purchase in &facts.purchases {
        *taken.entry(purchase.order.as_str()).or_default() += purchase.captured - purchase.refunded;
        if purchase.is_held {
            broken.push(format!("money for order {} is still held", purchase.order));
        }
    }
    let mut owed_cents = 0;
    for row in &facts.rows {
        let price = prices.get(row.id.as_str()).copied().unwrap_or_default();
        let expected = if row.is_complete() { price } else { 0 };
        owed_cents += expected;
        let taken = taken.remove(row.id.as_str()).unwrap_or_default();
        if taken != expected {
            broken.push(format!(
                "order {} is {} and {taken} cents were taken, not {expected}",
                row.id, row.status
            ));
        }
    }
    for (order, cents) in taken.into_iter().filter(|(_, cents)| *cents != 0) {
        broken.push(format!("{cents} cents were taken for {order:?}, which is no order"));
    }
    let of = |sum: fn(&Purchase) -> i64| dollars(facts.purchases.iter().map(sum).sum());
    let compared = format!(
        "{} captured - {} refunded = {} of {} complete orders; {} rejected, {} held",
        of(|purchase| purchase.captured),
        of(|purchase| purchase.refunded),
        dollars(owed_cents),
        facts.rows.iter().filter(|row| row.is_complete()).count(),
        facts.rejected.len(),
        facts.purchases.iter().filter(|purchase| purchase.is_held).count()
    );
    Verdict { invariant: "I11", claim: "money follows the order", compared, broken }
}

/// Each payment completed its order, or was rejected once.
fn undecided(facts: &Facts) -> Vec<String> {
    let completing: HashSet<&str> = facts.rows.iter().filter_map(|row| row.payment_id.as_deref()).collect();
    let mut rejections: HashMap<&str, usize> = HashMap::new();
    for event in &facts.rejected {
        *rejections.entry(event.id.as_str()).or_default() += 1;
    }
    let mut broken = Vec::new();
    let stored: HashSet<&str> = readable(facts).map(|(_, event)| event.id.as_str()).collect();
    for payment in &stored {
        match (completing.contains(payment), rejections.get(payment).copied().unwrap_or_default()) {
            (true, 0) | (false, 1) => {}
            (completes, times) => broken.push(format!(
                "payment {payment} {} its order and was rejected {times} times",
                if completes { "completed" } else { "did not complete" }
            )),
        }
    }
    for payment in rejections.keys().filter(|payment| !stored.contains(*payment)) {
        broken.push(format!("payment {payment} was rejected and nobody had told of it"));
    }
    broken
}

fn cents(price: Price) -> Option<i64> {
    (price.as_decimal() * Decimal::ONE_HUNDRED).to_i64()
}

fn dollars(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn readable(facts: &Facts) -> impl Iterator<Item = (i64, &PaymentCreated)> {
    facts.payments.iter().filter_map(|At { event, at_ms, .. }| Some((*at_ms, event.as_ref()?)))
}
