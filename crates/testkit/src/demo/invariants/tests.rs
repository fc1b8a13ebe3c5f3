//! Each invariant holds in a story that went well, and breaks on the one fact that it is there to notice.

use chrono::{DateTime, TimeDelta, Utc};
use common::event::{
    CancelledTicket, ExpirationComplete, Id, OrderCancelled, OrderCreated, OrderStatus, OrderedTicket,
    PaymentCreated, TicketUpdated,
};

use super::check;
use crate::demo::{
    facts::{At, DeadLetter, Facts, OrderRow, OutboxRow},
    ledger::Entry,
    plan::{Fate, Plan},
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

/// Four orders, one of each fate, as everything is when it went well. Order 4 sits where order 2 stood up.
fn facts() -> Facts {
    let plan = Plan::new(4);
    let mut facts = Facts { consumers: 8, ..Facts::default() };
    for role in plan.first.iter().chain(&plan.last) {
        let (order, ticket) = (id(&format!("o-{}", role.number)), id(&format!("t-{}", role.seat)));
        let entry = Entry {
            role: *role,
            order: order.clone(),
            ticket: ticket.clone(),
            expires_at: expires_at().into(),
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
        if role.fate != Fate::Paid {
            change(&mut facts, &ticket, None);
            facts.cancelled.push(OrderCancelled {
                id: order,
                version: 1,
                ticket: CancelledTicket { id: ticket },
            });
        }
    }
    facts.fired = vec![fired("o-1", 4), fired("o-3", 4)];
    // The poison, the good one behind it, and one for an order that is cancelled.
    facts.payments =
        vec![payment(1, None), payment(2, Some(("p-1", "o-1"))), payment(3, Some(("p-3", "o-3")))];
    facts.dead_letters = vec![dead_letter(1), dead_letter(3)];
    facts.complete_at_ms.insert(id("o-1"), 50);
    facts
}

fn row(entry: &Entry) -> OrderRow {
    let (reason, late) = match entry.role.fate {
        Fate::Paid => (None, None),
        Fate::CancelledByBuyer => (Some("buyer"), Some(ms(-7_000))),
        Fate::Expires => (Some("expired"), Some(ms(5))),
        Fate::Wiped => (Some("expired"), Some(ms(11_000))),
    };
    OrderRow {
        id: entry.order.to_string(),
        version: 1,
        status: if reason.is_some() { "cancelled" } else { "complete" }.to_owned(),
        ticket_id: entry.ticket.to_string(),
        expires_at: expires_at(),
        cancelled_at: late.map(|late| expires_at() + late),
        cancel_reason: reason.map(str::to_owned),
        payment_id: reason.is_none().then(|| "p-1".to_owned()),
    }
}

fn change(facts: &mut Facts, ticket: &Id, order: Option<&Id>) {
    let version = facts.tickets.iter().filter(|change| change.id == *ticket).count() as u32 + 1;
    facts.tickets.push(TicketUpdated {
        id: ticket.clone(),
        version,
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
    assert_eq!(verdicts.len(), 9);
    for verdict in verdicts {
        assert!(verdict.holds(), "{verdict:?}");
    }
}

#[test]
fn i1_breaks_on_an_order_that_is_lost_or_never_ends() {
    let unpaid = |facts: &mut Facts| {
        let row = &mut facts.rows[2];
        (row.status, row.version) = ("created".to_owned(), 0);
        (row.cancelled_at, row.cancel_reason) = (None, None);
    };
    assert!(broken(unpaid).contains(&"I1"));
    let lost = |facts: &mut Facts| drop(facts.rows.remove(2));
    assert!(broken(lost).contains(&"I1"));
    let from_nowhere = |facts: &mut Facts| drop(facts.placed.remove(2));
    assert_eq!(broken(from_nowhere), ["I1"]);
    let not_by_him = |facts: &mut Facts| facts.rows[2].cancel_reason = Some("buyer".to_owned());
    assert_eq!(broken(not_by_him), ["I1"]);
    let without_money = |facts: &mut Facts| facts.rows[0].payment_id = Some("p-9".to_owned());
    assert!(broken(without_money).contains(&"I1"));
}

#[test]
fn i2_breaks_on_a_microsecond_too_early_and_on_two_instants_for_one_expiry() {
    let early = |facts: &mut Facts| {
        facts.rows[2].cancelled_at = Some(expires_at() - TimeDelta::microseconds(1));
    };
    assert_eq!(broken(early), ["I2"]);
    let in_time = |facts: &mut Facts| facts.rows[2].cancelled_at = Some(expires_at());
    assert!(broken(in_time).is_empty());
    let other_event = |facts: &mut Facts| facts.created[2].expires_at = (expires_at() + ms(1)).into();
    assert_eq!(broken(other_event), ["I2"]);
    let other_answer = |facts: &mut Facts| facts.placed[2].expires_at = (expires_at() - ms(1)).into();
    assert_eq!(broken(other_answer), ["I2"]);
}

#[test]
fn i3_breaks_on_a_second_effect_and_not_on_a_repetition() {
    let repeated = |facts: &mut Facts| facts.cancelled.push(facts.cancelled[1].clone());
    assert!(broken(repeated).is_empty());
    let again =
        |facts: &mut Facts| facts.cancelled.push(OrderCancelled { version: 2, ..facts.cancelled[1].clone() });
    assert_eq!(broken(again), ["I3"]);
    let gap = |facts: &mut Facts| facts.cancelled[1].version = 2;
    assert_eq!(broken(gap), ["I3"]);
    let gap_in_the_row = |facts: &mut Facts| facts.rows[2].version = 2;
    assert_eq!(broken(gap_in_the_row), ["I3"]);
    let created_twice = |facts: &mut Facts| {
        let other = OrderCreated { user_id: id("x"), ..facts.created[1].clone() };
        facts.created.push(other);
    };
    assert_eq!(broken(created_twice), ["I3"]);
}

#[test]
fn i4_breaks_on_an_order_that_is_both_paid_and_cancelled() {
    let told = |facts: &mut Facts| {
        let ticket = CancelledTicket { id: id("t-1") };
        facts.cancelled.push(OrderCancelled { id: id("o-1"), version: 1, ticket });
    };
    assert!(broken(told).contains(&"I4"));
    let cancelled_before = |facts: &mut Facts| facts.rows[0].cancelled_at = Some(expires_at());
    assert_eq!(broken(cancelled_before), ["I4"]);
    let paid_before = |facts: &mut Facts| facts.rows[2].payment_id = Some("p-3".to_owned());
    assert!(broken(paid_before).contains(&"I4"));
}

#[test]
fn i5_breaks_on_a_lost_event_and_on_a_forged_one_but_not_while_it_waits_in_the_outbox() {
    let lost = |facts: &mut Facts| drop(facts.cancelled.remove(1));
    assert_eq!(broken(lost), ["I5"]);
    let waiting = |facts: &mut Facts| {
        let event = facts.cancelled.remove(1);
        let payload = serde_json::to_string(&event).unwrap();
        facts.outbox.push(OutboxRow { subject: "order:cancelled".to_owned(), payload });
    };
    assert_eq!(broken(waiting), ["I8"]);
    let forged = |facts: &mut Facts| {
        let forged = OrderCancelled { id: id("o-9"), ..facts.cancelled[1].clone() };
        facts.cancelled.push(forged);
    };
    assert_eq!(broken(forged), ["I5"]);
    let other_ticket = |facts: &mut Facts| facts.cancelled[1].ticket.id = id("t-9");
    assert_eq!(broken(other_ticket), ["I5"]);
    let created_lost = |facts: &mut Facts| drop(facts.created.remove(1));
    assert_eq!(broken(created_lost), ["I5"]);
}

#[test]
fn i6_breaks_on_a_seat_that_is_not_freed_or_freed_while_another_holds_it() {
    let never =
        |facts: &mut Facts| facts.tickets.retain(|change| change.id.as_str() != "t-3" || change.version == 1);
    assert_eq!(broken(never), ["I6"]);
    let twice = |facts: &mut Facts| change(facts, &id("t-3"), None);
    assert_eq!(broken(twice), ["I6"]);
    let paid_one = |facts: &mut Facts| change(facts, &id("t-1"), None);
    assert_eq!(broken(paid_one), ["I6"]);
    let from_under_him = |facts: &mut Facts| {
        let of_4 = facts.tickets.iter_mut().find(|change| change.id.as_str() == "t-2" && change.version == 2);
        of_4.unwrap().order_id = Some(id("o-4"));
    };
    assert_eq!(broken(from_under_him), ["I6"]);
    let gap =
        |facts: &mut Facts| facts.tickets.retain(|change| change.id.as_str() != "t-3" || change.version == 2);
    assert_eq!(broken(gap), ["I6"]);
}

#[test]
fn i7_breaks_on_poison_that_is_lost_or_kept_twice_and_on_a_good_payment_that_waited() {
    let lost = |facts: &mut Facts| drop(facts.dead_letters.remove(0));
    assert_eq!(broken(lost), ["I7"]);
    let twice = |facts: &mut Facts| facts.dead_letters.push(dead_letter(1));
    assert_eq!(broken(twice), ["I7"]);
    let a_good_one = |facts: &mut Facts| facts.dead_letters.push(dead_letter(2));
    assert_eq!(broken(a_good_one), ["I7"]);
    let late = |facts: &mut Facts| *facts.complete_at_ms.get_mut(&id("o-1")).unwrap() = 5_001;
    assert_eq!(broken(late), ["I7"]);
    let nonsense = |facts: &mut Facts| facts.unreadable.push("order:created 7".to_owned());
    assert_eq!(broken(nonsense), ["I7"]);
}

#[test]
fn i8_breaks_on_whatever_is_left() {
    let unrest = |facts: &mut Facts| facts.unrest.push("1 timer in Redis".to_owned());
    assert_eq!(broken(unrest), ["I8"]);
}

#[test]
fn i9_breaks_on_an_order_that_waited_too_long_for_its_timer_or_for_the_sweeper() {
    let timer = |by| move |facts: &mut Facts| facts.rows[2].cancelled_at = Some(expires_at() + ms(by));
    assert!(broken(timer(31_000)).is_empty());
    assert_eq!(broken(timer(31_001)), ["I9"]);
    let sweeper = |by| move |facts: &mut Facts| facts.rows[3].cancelled_at = Some(expires_at() + ms(by));
    assert!(broken(sweeper(13_000)).is_empty());
    assert_eq!(broken(sweeper(13_001)), ["I9"]);
}
