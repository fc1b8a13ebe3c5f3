//! The part of I12 that is about copies: what each service knows of another's data is what the other has.

use std::collections::HashMap;

use common::Service;

use crate::facts::{Facts, OrderCopy, OrderRow, PaymentRow, TicketCopy};

/// Adds what differs. The answer is what was compared.
pub(super) fn differing(facts: &Facts, broken: &mut Vec<String>) -> String {
    orders_in_payments(facts, broken);
    tickets_in_orders(facts, broken);
    settlements(facts, broken);
    format!(
        "{} orders and {} tickets as their copies, {} payments as their orders know them",
        facts.rows.len(),
        facts.ticket_rows.len(),
        facts.payment_rows.iter().filter(|payment| payment.is_settled()).count()
    )
}

/// What `payments` knows of the orders.
fn orders_in_payments(facts: &Facts, broken: &mut Vec<String>) {
    let copies: HashMap<&str, &OrderCopy> =
        facts.order_copies.iter().map(|copy| (copy.id.as_str(), copy)).collect();
    for row in &facts.rows {
        let Some(copy) = copies.get(row.id.as_str()) else {
            broken.push(format!("`payments` does not know order {}", row.id));
            continue;
        };
        let status = if row.is_complete() { "completed" } else { row.status.as_str() };
        if copy.status != status {
            broken
                .push(format!("order {} is {status}, and {} by the copy of `payments`", row.id, copy.status));
        }
        if row.is_complete() && copy.payment_id != row.payment_id {
            broken.push(format!("`payments` does not know which payment completed order {}", row.id));
        }
        // What has ended is not given more time again, so only a stream that lost nothing has told all of it.
        let is_told = row.is_complete() && !facts.bounds.may_miss(Service::Orders);
        if is_told && copy.expires_at.is_some_and(|at| at != row.expires_at) {
            broken.push(format!("order {} has another time to pay by the copy of `payments`", row.id));
        }
    }
}

/// What `orders` knows of the tickets.
fn tickets_in_orders(facts: &Facts, broken: &mut Vec<String>) {
    let copies: HashMap<&str, &TicketCopy> =
        facts.ticket_copies.iter().map(|copy| (copy.id.as_str(), copy)).collect();
    for row in &facts.ticket_rows {
        match copies.get(row.id.as_str()) {
            None => broken.push(format!("`orders` does not know ticket {}", row.id)),
            Some(copy) if (copy.version, &copy.title, copy.price) != (row.version, &row.title, row.price) => {
                broken.push(format!(
                    "ticket {} is at version {}, and at {} by the copy of `orders`",
                    row.id, row.version, copy.version
                ));
            }
            Some(_) => {}
        }
    }
}

/// What `orders` knows of the money.
fn settlements(facts: &Facts, broken: &mut Vec<String>) {
    let completing: HashMap<&str, &OrderRow> =
        facts.rows.iter().filter_map(|row| Some((row.payment_id.as_deref()?, row))).collect();
    for PaymentRow { id, status, .. } in facts.payment_rows.iter().filter(|payment| payment.is_settled()) {
        let untold = match completing.get(id.as_str()) {
            Some(row) => row.payment_outcome.as_deref() != Some(status.as_str()),
            None => facts.owed.contains(id),
        };
        if untold {
            broken.push(format!("payment {id} is {status}, and `orders` was never told so"));
        }
    }
}
