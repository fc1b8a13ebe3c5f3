//! Each invariant holds in a story that went well, and breaks on the one fact that it is there to notice.

mod foreign;
mod lost;
mod money;
mod orders;
mod rest;
mod seats;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use common::event::{
    CancelledTicket, ExpirationComplete, Id, OrderCancelled, OrderCreated, OrderExtended, OrderStatus,
    OrderedTicket, PaymentCreated, PaymentRejected, Subject, TicketCreated, TicketUpdated,
};

use super::check;
use crate::{
    bounds::{Bounds, Effect, Harm, Part},
    facts::{
        At, ConsumerPlace, DeadLetter, Facts, OrderCopy, OrderRow, PaymentRow, Purchase, TicketCopy,
        TicketRow, Unreadable,
    },
    record::{Cancellation, Canceller, Extension, Known, Paid, Placed, Poison, Record},
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

/// How an order is meant to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Paid,
    CancelledByBuyer,
    Expires,
    /// Paid within more time.
    Extended,
    /// Redis lost its timer, and the sweeper came first.
    Wiped,
}

/// Ending and seat of orders 1 to 5. Order 5 sits where order 2 stood up.
const ROLES: [(Ending, usize); 5] = [
    (Ending::Paid, 1),
    (Ending::CancelledByBuyer, 2),
    (Ending::Expires, 3),
    (Ending::Extended, 4),
    (Ending::Wiped, 2),
];

/// Five orders, one of each ending, as everything is when it went well.
fn facts() -> Facts {
    let record = Record { poison: vec![poison()], ..Record::default() };
    let mut facts = Facts { record, ..Facts::default() };
    for seat in 1..=4 {
        offer(&mut facts, &id(&format!("t-{seat}")));
    }
    for (number, (ending, seat)) in (1..).zip(ROLES) {
        place(&mut facts, number, ending, &id(&format!("t-{seat}")));
    }
    facts.extended = vec![OrderExtended { id: id("o-4"), expires_at: extended_to().into() }];
    facts.fired = vec![fired("o-1", 4), fired("o-3", 4), fired("o-4", 2_004)];
    // The poison, the good one behind it, and one for an order that is cancelled.
    facts.unreadable = vec![unreadable(Subject::PaymentCreated, 1, poison().body)];
    facts.payments =
        vec![payment(2, ("p-1", "o-1")), late_payment(3, ("p-3", "o-3")), payment(4, ("p-4", "o-4"))];
    facts.dead_letters = vec![dead_letter(1)];
    facts.rejected = vec![rejected("p-3", "o-3")];
    money(&mut facts, "1", "captured", 2_000);
    money(&mut facts, "3", "released", 0);
    money(&mut facts, "4", "captured", 2_000);
    facts.record.complete_at_ms.extend([(id("o-1"), 50), (id("o-4"), 60)]);
    facts.bounds = harmed(Effect::RedisLost, expires_at().timestamp_millis() - 100);
    facts.ticket_copies = facts.ticket_rows.iter().map(ticket_copy).collect();
    facts.order_copies = facts.rows.iter().map(order_copy).collect();
    facts.consumers =
        vec![ConsumerPlace { name: "orders-payment-created".to_owned(), floor: 4, last: 4, unanswered: 0 }];
    facts
}

/// When whatever was told was told.
fn later() -> i64 {
    expires_at().timestamp_millis() + 120_000
}

/// One fault, over in the same ms.
fn harmed(effect: Effect, at_ms: i64) -> Bounds {
    Bounds { harms: vec![Harm { effect, from_ms: at_ms, to_ms: at_ms }], ..Bounds::default() }
}

fn place(facts: &mut Facts, number: usize, ending: Ending, ticket: &Id) {
    let order = id(&format!("o-{number}"));
    facts.record.placed.push(Placed {
        order: order.clone(),
        ticket: ticket.clone(),
        expires_at: expires_at().into(),
        at_ms: 0,
        known: Known::Answered,
    });
    facts.created.push(OrderCreated {
        id: order.clone(),
        version: 0,
        status: OrderStatus::Created,
        user_id: id("u"),
        expires_at: expires_at().into(),
        ticket: OrderedTicket { id: ticket.clone(), price: "20".parse().unwrap() },
    });
    facts.rows.push(row(number, ending, ticket));
    change(facts, ticket, Some(&order));
    match ending {
        Ending::Extended => facts.record.extensions.push(Extension {
            order: order.clone(),
            to: extended_to().into(),
            answered: true,
            at_ms: 0,
        }),
        Ending::CancelledByBuyer => facts.record.cancellations.push(Cancellation {
            order: order.clone(),
            by: Canceller::Buyer,
            answered: true,
            at_ms: 0,
        }),
        Ending::Paid | Ending::Expires | Ending::Wiped => {}
    }
    if !matches!(ending, Ending::Paid | Ending::Extended) {
        change(facts, ticket, None);
        let ticket = CancelledTicket { id: ticket.clone() };
        facts.cancelled.push(OrderCancelled { id: order, version: 1, ticket });
    }
}

fn row(number: usize, ending: Ending, ticket: &Id) -> OrderRow {
    let (reason, late) = match ending {
        Ending::Paid | Ending::Extended => (None, None),
        Ending::CancelledByBuyer => (Some("buyer"), Some(ms(-7_000))),
        Ending::Expires => (Some("expired"), Some(ms(5))),
        Ending::Wiped => (Some("expired"), Some(ms(11_000))),
    };
    OrderRow {
        id: format!("o-{number}"),
        version: 1,
        status: if reason.is_some() { "cancelled" } else { "complete" }.to_owned(),
        ticket_id: ticket.to_string(),
        created_at: expires_at() - ms(10_000),
        expires_at: if ending == Ending::Extended { extended_to() } else { expires_at() },
        cancelled_at: late.map(|late| expires_at() + late),
        cancel_reason: reason.map(str::to_owned),
        payment_id: reason.is_none().then(|| format!("p-{number}")),
        completed_at: None,
        payment_outcome: reason.is_none().then(|| "captured".to_owned()),
        price: None,
    }
}

/// A payment that its buyer knows of, in the table and in the books.
fn money(facts: &mut Facts, number: &str, status: &str, captured: i64) {
    let (order, payment) = (format!("o-{number}"), format!("p-{number}"));
    facts.record.payments.push(Paid { order: id(&order), payment: id(&payment), at_ms: 0 });
    facts.payment_rows.push(PaymentRow { id: payment, order_id: order.clone(), status: status.to_owned() });
    facts.purchases.push(Purchase { order, captured, refunded: 0, is_held: false });
}

fn ticket_copy(row: &TicketRow) -> TicketCopy {
    let TicketRow { id, version, title, price, .. } = row.clone();
    TicketCopy { id, version, title, price }
}

fn order_copy(row: &OrderRow) -> OrderCopy {
    OrderCopy {
        id: row.id.clone(),
        status: if row.is_complete() { "completed" } else { "cancelled" }.to_owned(),
        expires_at: Some(row.expires_at),
        payment_id: row.payment_id.clone(),
    }
}

/// A ticket that is up for sale, in the table and told.
fn offer(facts: &mut Facts, ticket: &Id) {
    facts.ticket_rows.push(TicketRow {
        id: ticket.to_string(),
        version: 0,
        title: "seat".to_owned(),
        price: 20.into(),
        order_id: None,
    });
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
    At { event, sequence: 1, at_ms: expires_at().timestamp_millis() + late_ms, gone: false }
}

fn payment(sequence: u64, (payment, order): (&str, &str)) -> At<PaymentCreated> {
    let event = PaymentCreated { id: id(payment), order_id: id(order), stripe_id: "ch".to_owned() };
    At { event, sequence, at_ms: 0, gone: false }
}

fn late_payment(sequence: u64, of: (&str, &str)) -> At<PaymentCreated> {
    At { at_ms: expires_at().timestamp_millis() + 2_000, ..payment(sequence, of) }
}

fn poison() -> Poison {
    Poison { subject: Subject::PaymentCreated, body: Bytes::from_static(b"oops"), stored_ms: Some(0) }
}

fn unreadable(subject: Subject, sequence: u64, body: Bytes) -> Unreadable {
    Unreadable { subject: subject.to_string(), sequence, at_ms: 0, body, gone: false }
}

fn rejected(payment: &str, order: &str) -> PaymentRejected {
    let reason = "too late".to_owned();
    PaymentRejected { id: id(payment), order_id: id(order), stripe_id: "ch".to_owned(), reason }
}

fn dead_letter(sequence: u64) -> DeadLetter {
    let subject = format!("dead-letter.orders-payment-created.{sequence}");
    DeadLetter { subject, reason: "bad".to_owned(), body: poison().body, ..DeadLetter::default() }
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
    assert_eq!(verdicts.len(), 12);
    for verdict in verdicts {
        assert!(verdict.holds(), "{verdict:?}");
    }
}
