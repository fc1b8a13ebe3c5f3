//! I12: what was lost and did not come back.

use common::Service;

use super::*;
use crate::{record::Heard, streams::Stored};

/// With nothing broken at all.
fn in_health(facts: &mut Facts) {
    facts.bounds.harms.clear();
    facts.fired.push(fired("o-5", 4));
}

#[test]
fn i12_breaks_on_a_timer_that_did_not_come_back() {
    let not_fired = |order: &'static str| {
        move |facts: &mut Facts| facts.fired.retain(|timer| timer.event.order_id != id(order))
    };
    // A complete order has nobody else to take its timer out, so it comes back whatever was wiped.
    assert_eq!(broken(not_fired("o-1")), ["I12"]);
    // The sweeper may come first while the schedule is read again, and never in health.
    assert!(broken(not_fired("o-3")).is_empty());
    let swept_in_health = |facts: &mut Facts| {
        in_health(facts);
        not_fired("o-3")(facts);
    };
    assert_eq!(broken(swept_in_health), ["I12"]);
    let swept_long_after = |facts: &mut Facts| {
        in_health(facts);
        facts.bounds = harmed(Effect::RedisLost, expires_at().timestamp_millis() - 60_000);
        not_fired("o-3")(facts);
    };
    assert_eq!(broken(swept_long_after), ["I12"]);
}

#[test]
fn i12_breaks_on_a_copy_that_missed_an_event() {
    let missing = |facts: &mut Facts| drop(facts.order_copies.remove(1));
    assert_eq!(broken(missing), ["I12"]);
    let not_cancelled = |facts: &mut Facts| facts.order_copies[1].status = "created".to_owned();
    assert_eq!(broken(not_cancelled), ["I12"]);
    let by_another = |facts: &mut Facts| facts.order_copies[0].payment_id = Some("p-9".to_owned());
    assert_eq!(broken(by_another), ["I12"]);
    let not_moved = |facts: &mut Facts| facts.order_copies[3].expires_at = Some(expires_at());
    assert_eq!(broken(not_moved), ["I12"]);
    let unknown_ticket = |facts: &mut Facts| drop(facts.ticket_copies.remove(0));
    assert_eq!(broken(unknown_ticket), ["I12"]);
    let old_ticket = |facts: &mut Facts| facts.ticket_copies[0].version -= 1;
    assert_eq!(broken(old_ticket), ["I12"]);
}

#[test]
fn i12_breaks_on_money_of_which_orders_was_never_told() {
    let captured = |facts: &mut Facts| facts.rows[0].payment_outcome = None;
    assert_eq!(broken(captured), ["I12"]);
    let released = |facts: &mut Facts| facts.owed.push("p-3".to_owned());
    assert_eq!(broken(released), ["I12"]);
}

#[test]
fn i12_breaks_on_a_message_that_is_gone_from_a_stream_that_lost_nothing() {
    let cancelled = OrderCancelled { id: id("o-3"), version: 1, ticket: CancelledTicket { id: id("t-3") } };
    let body = Bytes::from(serde_json::to_vec(&cancelled).unwrap());
    let heard = Heard { subject: Subject::OrderCancelled, body: body.clone(), at_ms: 5 };
    let taken = |there: Vec<Stored>, effect: Option<Effect>| {
        let heard = heard.clone();
        move |facts: &mut Facts| {
            facts.record.heard.push(heard);
            facts.take(there);
            facts.bounds.harms.extend(effect.into_iter().flat_map(|effect| harmed(effect, 5).harms));
        }
    };
    let subject = Subject::OrderCancelled.to_string();
    let stored = Stored { subject, sequence: 7, at_ms: 6, payload: body, reason: None };
    assert_eq!(broken(taken(Vec::new(), None)), ["I12"]);
    assert!(broken(taken(vec![stored], None)).is_empty());
    assert!(broken(taken(Vec::new(), Some(Effect::StreamLost(Service::Orders)))).is_empty());
    assert_eq!(broken(taken(Vec::new(), Some(Effect::StreamLost(Service::Tickets)))), ["I12"]);
}

#[test]
fn i12_breaks_on_a_consumer_that_is_beyond_the_end_of_its_stream() {
    let ahead = |facts: &mut Facts| facts.consumers[0].last = 3;
    assert_eq!(broken(ahead), ["I12"]);
}

#[test]
fn what_was_heard_of_an_order_is_told_in_the_order_of_time() {
    let message = |at_ms, body: &'static str| Heard {
        subject: Subject::OrderCreated,
        body: Bytes::from_static(body.as_bytes()),
        at_ms,
    };
    let mut facts = Facts::default();
    facts.record.heard =
        vec![message(2, "o-1 later"), message(1, "o-1 first"), message(0, "o-2"), message(3, "o-1 later")];
    facts.take(Vec::new());
    let told: Vec<i64> = facts.about("o-1").iter().map(|message| message.at_ms).collect();
    assert_eq!(told, [1, 2]);
}
