//! I10 and I11: what becomes of a payment, and of the money.

use std::collections::{HashMap, HashSet};

use common::{
    Service,
    event::{OrderCreated, PaymentRejected},
};
use rust_decimal::{Decimal, prelude::ToPrimitive as _};

use super::{Verdict, wishes};
use crate::{
    bounds::Part,
    facts::{At, Facts, OrderRow, Purchase},
};

/// What was stored so long before the order's time was over has to complete it.
const IN_TIME_MS: i64 = 1_000;
/// Clocks that say when it was stored, and when the time was over.
const CLOCKS: [Part; 2] = [Part::Broker, Part::Database(Service::Orders)];

/// I10: an order whose payment the broker stored in time is complete, whatever was down meanwhile. What the broker lost again counts
/// from when it was told again, and what was only heard was perhaps never stored.
pub(super) fn paid_in_time_is_paid(facts: &Facts) -> Verdict {
    let rows: HashMap<&str, &OrderRow> = facts.rows.iter().map(|row| (row.id.as_str(), row)).collect();
    let mut broken = Vec::new();
    let mut in_time = 0;
    for At { event, at_ms, .. } in facts.payments.iter().filter(|payment| !payment.gone) {
        let Some(row) = rows.get(event.order_id.as_str()) else { continue };
        let early_ms = row.expires_at.timestamp_millis() - at_ms;
        let in_time_ms = IN_TIME_MS + facts.bounds.skew_ms(*at_ms, &CLOCKS);
        // Its buyer or an operator may have given up the order meanwhile: that is no expiry.
        if early_ms < in_time_ms || matches!(row.cancel_reason.as_deref(), Some("buyer" | "operator")) {
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
    broken.extend(wishes::not_paid(facts));
    let told: HashMap<&str, &OrderCreated> =
        facts.created.iter().map(|event| (event.id.as_str(), event)).collect();
    let mut taken: HashMap<&str, i64> = HashMap::new();
    for purchase in &facts.purchases {
        *taken.entry(purchase.order.as_str()).or_default() += purchase.captured - purchase.refunded;
        if purchase.is_held {
            broken.push(format!("money for order {} is still held", purchase.order));
        }
    }
    let mut owed_cents = 0;
    for row in &facts.rows {
        let price = told.get(row.id.as_str()).map(|event| event.ticket.price.as_decimal()).or(row.price);
        let price = price.and_then(cents).unwrap_or_default();
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

/// Each payment completed its order, or was rejected once. Where events are repeated, saying the same twice is no second rejection.
fn undecided(facts: &Facts) -> Vec<String> {
    let completing: HashSet<&str> = facts.rows.iter().filter_map(|row| row.payment_id.as_deref()).collect();
    let repeats = facts.record.repeats || facts.bounds.tells_again();
    let mut rejections: HashMap<&str, Vec<&PaymentRejected>> = HashMap::new();
    for event in &facts.rejected {
        let known = rejections.entry(event.id.as_str()).or_default();
        if !(repeats && known.contains(&event)) {
            known.push(event);
        }
    }
    let mut broken = Vec::new();
    let told = facts.payments.iter().filter(|payment| !payment.gone);
    let stored: HashSet<&str> = told.map(|payment| payment.event.id.as_str()).collect();
    for payment in &stored {
        match (completing.contains(payment), rejections.get(payment).map_or(0, Vec::len)) {
            (true, 0) | (false, 1) => {}
            // The broker may have lost the rejection; that the money went back all the same is in the books.
            (false, 0) if facts.bounds.may_miss(Service::Orders) => {}
            (completes, times) => broken.push(format!(
                "payment {payment} {} its order and was rejected {times} times",
                if completes { "completed" } else { "did not complete" }
            )),
        }
    }
    let ever: HashSet<&str> = facts.payments.iter().map(|payment| payment.event.id.as_str()).collect();
    let from_nowhere =
        |payment: &&&str| !ever.contains(**payment) && !facts.bounds.may_miss(Service::Payments);
    for payment in rejections.keys().filter(from_nowhere) {
        broken.push(format!("payment {payment} was rejected and nobody had told of it"));
    }
    broken
}

fn cents(price: Decimal) -> Option<i64> {
    (price * Decimal::ONE_HUNDRED).to_i64()
}

fn dollars(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
