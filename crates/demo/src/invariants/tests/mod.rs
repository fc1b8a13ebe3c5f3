//! Each invariant holds in a story that went well, and breaks on the one fact that it is there to notice.

mod money;
mod orders;
mod rest;
mod seats;

use chrono::{DateTime, TimeDelta, Utc};
use common::event::{
    CancelledTicket, ExpirationComplete, Id, OrderCancelled, OrderCreated, OrderExtended, OrderStatus,
    OrderedTicket, PaymentCreated, PaymentRejected, TicketCreated, TicketUpdated,
};

use super::check;
use crate::{
    facts::{At, DeadLetter, Facts, OrderRow, Purchase, TicketRow},
    ledger::{Entry, Known},
    plan::{Ending, Plan},
};

fn id(text: &str) -> Id {
    text.parse().unwrap()
}

fn expires_at() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_800_000_000_000).unwrap()
}

fn ms(ms: i64) -> TimeDelta {
    TimeDelta::milliseconds(ms)
}

/// When the order to which an operator gave more time does.
fn extended_to() -> DateTime<Utc> {
    expires_at() + ms(2_000)
}

/// Five orders, one of each ending, as everything is when it went well. Order 5 sits where order 2 stood up.
fn facts() -> Facts {
    let plan = Plan::new(5);
    let mut facts = Facts { consumers: 8, ..Facts::default() };
    for seat in 1..=plan.seats {
        offer(&mut facts, &id(&format!("t-{seat}")));
    }
    for role in plan.first.iter().chain(&plan.last) {
        let (order, ticket) = (id(&format!("o-{}", role.number)), id(&format!("t-{}", role.seat)));
        let entry = Entry {
            role: *role,
            order: order.clone(),
            ticket: ticket.clone(),
            expires_at: expires_at().into(),
            extended_to: None,
            known: Known::Answered,
        };
        facts.created.push(OrderCreated {
            id: order.clone(),
            version: 0,
            status: OrderStatus::Created,
            user_id: id("u"),
            expires_at: expires_at().into(),
            ticket: OrderedTicket { id: ticket.clone(), price: "20".parse().unwrap() },
        });
        facts.rows.push(row(&entry));
        facts.placed.push(entry);
        change(&mut facts, &ticket, Some(&order));
        if !matches!(role.ending, Ending::Paid | Ending::Extended) {
            change(&mut facts, &ticket, None);
            facts.cancelled.push(OrderCancelled {
                id: order,
                version: 1,
                ticket: CancelledTicket { id: ticket },
            });
        }
    }
    facts.extended = vec![OrderExtended { id: id("o-4"), expires_at: extended_to().into() }];
    facts.fired = vec![fired("o-1", 4), fired("o-3", 4), fired("o-4", 2_004)];
    // The poison, the good one behind it, and one for an order that is cancelled.
    facts.payments = vec![
        payment(1, None),
        payment(2, Some(("p-1", "o-1"))),
        late_payment(3, Some(("p-3", "o-3"))),
        payment(4, Some(("p-4", "o-4"))),
    ];
    facts.dead_letters = vec![dead_letter(1)];
    facts.rejected = vec![rejected("p-3", "o-3")];
    let purchase =
        |order: &str, captured| Purchase { order: order.to_owned(), captured, refunded: 0, is_held: false };
    facts.purchases = vec![purchase("o-1", 2_000), purchase("o-3", 0), purchase("o-4", 2_000)];
    facts.complete_at_ms.extend([(id("o-1"), 50), (id("o-4"), 60)]);
    facts
}

fn row(entry: &Entry) -> OrderRow {
    let (reason, late) = match entry.role.ending {
        Ending::Paid | Ending::Extended => (None, None),
        Ending::CancelledByBuyer => (Some("buyer"), Some(ms(-7_000))),
        Ending::Expires => (Some("expired"), Some(ms(5))),
        Ending::Wiped => (Some("expired"), Some(ms(11_000))),
    };
    OrderRow {
        id: entry.order.to_string(),
        version: 1,
        status: if reason.is_some() { "cancelled" } else { "complete" }.to_owned(),
        ticket_id: entry.ticket.to_string(),
        expires_at: if entry.role.ending == Ending::Extended { extended_to() } else { expires_at() },
        cancelled_at: late.map(|late| expires_at() + late),
        cancel_reason: reason.map(str::to_owned),
        payment_id: reason.is_none().then(|| format!("p-{}", entry.role.number)),
    }
}

/// A ticket that is up for sale, in the table and told.
fn offer(facts: &mut Facts, ticket: &Id) {
    facts.ticket_rows.push(TicketRow { id: ticket.to_string(), version: 0, order_id: None });
    facts.offered.push(TicketCreated {
        id: ticket.clone(),
        version: 0,
        title: "seat".to_owned(),
        price: "20".parse().unwrap(),
        user_id: id("s"),
    });
}

/// A ticket has another holder, in the table and told.
fn change(facts: &mut Facts, ticket: &Id, order: Option<&Id>) {
    let row = facts.ticket_rows.iter_mut().find(|row| row.id == ticket.as_str()).unwrap();
    row.version += 1;
    row.order_id = order.map(Id::to_string);
    facts.tickets.push(TicketUpdated {
        id: ticket.clone(),
        version: row.version.try_into().unwrap(),
        title: "seat".to_owned(),
        price: "20".parse().unwrap(),
        user_id: id("s"),
        order_id: order.cloned(),
    });
}

fn fired(order: &str, late_ms: i64) -> At<ExpirationComplete> {
    let event = ExpirationComplete { order_id: id(order) };
    At { event, sequence: 1, at_ms: expires_at().timestamp_millis() + late_ms }
}

fn payment(sequence: u64, of: Option<(&str, &str)>) -> At<Option<PaymentCreated>> {
    let event = of.map(|(payment, order)| PaymentCreated {
        id: id(payment),
        order_id: id(order),
        stripe_id: "ch".to_owned(),
    });
    At { event, sequence, at_ms: 0 }
}

fn late_payment(sequence: u64, of: Option<(&str, &str)>) -> At<Option<PaymentCreated>> {
    At { at_ms: expires_at().timestamp_millis() + 2_000, ..payment(sequence, of) }
}

fn rejected(payment: &str, order: &str) -> PaymentRejected {
    let reason = "too late".to_owned();
    PaymentRejected { id: id(payment), order_id: id(order), stripe_id: "ch".to_owned(), reason }
}

fn dead_letter(sequence: u64) -> DeadLetter {
    let subject = format!("dead-letter.orders-payment-created.{sequence}");
    DeadLetter { subject, reason: "bad".to_owned() }
}

/// The invariants that are broken after a change to a story that went well.
fn broken(change: impl FnOnce(&mut Facts)) -> Vec<&'static str> {
    let mut facts = facts();
    change(&mut facts);
    check(&facts).into_iter().filter(|verdict| !verdict.holds()).map(|verdict| verdict.invariant).collect()
}

#[test]
fn every_invariant_holds_in_a_story_that_went_well() {
    let verdicts = check(&facts());
    assert_eq!(verdicts.len(), 11);
    for verdict in verdicts {
        assert!(verdict.holds(), "{verdict:?}");
    }
}
