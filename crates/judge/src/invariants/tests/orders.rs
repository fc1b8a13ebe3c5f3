//! I1 to I5: what becomes of an order, and what was told of it and of its ticket.

use chrono::TimeDelta;
use common::Service;

use super::*;
use crate::{facts::OutboxRow, record::Doubtful};

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
    let from_nowhere = |facts: &mut Facts| drop(facts.record.placed.remove(2));
    assert_eq!(broken(from_nowhere), ["I1"]);
    let not_by_him = |facts: &mut Facts| facts.rows[2].cancel_reason = Some("buyer".to_owned());
    assert_eq!(broken(not_by_him), ["I1"]);
    let without_money = |facts: &mut Facts| facts.rows[0].payment_id = Some("p-9".to_owned());
    assert!(broken(without_money).contains(&"I1"));
    let of_another_ticket = |facts: &mut Facts| facts.record.placed[2].ticket = id("t-9");
    assert_eq!(broken(of_another_ticket), ["I1"]);
}

#[test]
fn i1_takes_one_order_for_each_answer_that_was_lost() {
    let lost = |answers: usize| {
        move |facts: &mut Facts| {
            let Placed { ticket, at_ms, .. } = facts.record.placed.remove(1);
            facts.record.doubtful = vec![Doubtful { ticket: ticket.clone(), at_ms }; answers];
            facts.record.placed.retain(|placed| placed.ticket != ticket);
        }
    };
    assert_eq!(broken(lost(1)), ["I1"]);
    assert!(broken(lost(2)).is_empty());
}

#[test]
fn i1_breaks_on_a_cancellation_that_was_answered_and_did_not_last() {
    let wish = |facts: &mut Facts, order: &str, answered| {
        let (order, by, at_ms) = (id(order), Canceller::Buyer, 0);
        facts.record.cancellations.push(Cancellation { order, by, answered, at_ms });
    };
    assert_eq!(broken(|facts: &mut Facts| wish(facts, "o-1", true)), ["I1"]);
    assert!(broken(|facts: &mut Facts| wish(facts, "o-1", false)).is_empty());
    let not_by_an_operator = |facts: &mut Facts| {
        facts.rows[1].cancel_reason = Some("operator".to_owned());
    };
    assert_eq!(broken(not_by_an_operator), ["I1"]);
}

#[test]
fn i1_takes_the_table_of_payments_for_an_event_only_where_the_broker_lost_it() {
    let lost = |facts: &mut Facts| drop(facts.payments.remove(0));
    assert!(broken(lost).contains(&"I1"));
    let by_the_broker = |facts: &mut Facts| {
        lost(facts);
        facts.bounds.harms.extend(harmed(Effect::StreamLost(Service::Payments), later()).harms);
    };
    assert!(broken(by_the_broker).is_empty());
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
    let other_answer = |facts: &mut Facts| facts.record.placed[2].expires_at = (expires_at() - ms(1)).into();
    assert_eq!(broken(other_answer), ["I2"]);
    let not_given = |facts: &mut Facts| {
        facts.rows[3].expires_at = expires_at();
        facts.order_copies[3].expires_at = Some(expires_at());
    };
    assert_eq!(broken(not_given), ["I2"]);
    let less = |facts: &mut Facts| {
        let earlier = expires_at() - ms(1);
        facts.extended[0].expires_at = earlier.into();
        facts.rows[3].expires_at = earlier;
    };
    assert!(broken(less).contains(&"I2"));
    let answered = |facts: &mut Facts| facts.record.extensions[0].to = (extended_to() + ms(1)).into();
    assert_eq!(broken(answered), ["I2"]);
}

#[test]
fn i2_takes_the_time_of_an_order_that_was_answered_late_and_of_one_whose_event_the_broker_lost() {
    let answered_late = |facts: &mut Facts| facts.record.placed[3].expires_at = extended_to().into();
    assert!(broken(answered_late).is_empty());
    let event_lost = |facts: &mut Facts| facts.extended.clear();
    assert_eq!(broken(event_lost), ["I2"]);
    let by_the_broker = |facts: &mut Facts| {
        event_lost(facts);
        facts.bounds.harms.extend(harmed(Effect::StreamLost(Service::Orders), later()).harms);
    };
    assert!(broken(by_the_broker).is_empty());
    let seen_by_nobody = |facts: &mut Facts| {
        by_the_broker(facts);
        facts.order_copies[3].expires_at = Some(expires_at());
    };
    assert_eq!(broken(seen_by_nobody), ["I2"]);
}

#[test]
fn i2_and_i3_let_an_order_be_told_again_with_the_time_that_it_has_by_then() {
    let again = |ms_more: i64, harm: Option<Effect>| {
        move |facts: &mut Facts| {
            let expires_at = (extended_to() + ms(ms_more)).into();
            facts.created.push(OrderCreated { expires_at, ..facts.created[3].clone() });
            facts.bounds.harms.extend(harm.into_iter().flat_map(|effect| harmed(effect, later()).harms));
        }
    };
    let lost = Effect::StreamLost(Service::Orders);
    assert!(broken(again(0, Some(lost))).is_empty());
    assert_eq!(broken(again(1, Some(lost))), ["I2"]);
    assert_eq!(broken(again(0, Some(Effect::RedisLost))), ["I2", "I3"]);
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
    let by_the_broker = |facts: &mut Facts| {
        lost(facts);
        facts.bounds.harms.extend(harmed(Effect::StreamLost(Service::Orders), later()).harms);
    };
    assert!(broken(by_the_broker).is_empty());
    let before_it_was_cancelled = |facts: &mut Facts| {
        lost(facts);
        let loss_ms = facts.rows[2].cancelled_at.unwrap().timestamp_millis() - 1;
        facts.bounds.harms.extend(harmed(Effect::StreamLost(Service::Orders), loss_ms).harms);
    };
    assert_eq!(broken(before_it_was_cancelled), ["I5"]);
    let another_stream = |facts: &mut Facts| {
        lost(facts);
        facts.bounds.harms.extend(harmed(Effect::StreamLost(Service::Tickets), later()).harms);
    };
    assert_eq!(broken(another_stream), ["I5"]);
}

#[test]
fn i5_breaks_on_a_version_of_a_ticket_that_was_not_told_or_is_not_in_the_table() {
    let lost = |facts: &mut Facts| facts.tickets.retain(|change| change.id != id("t-1"));
    assert!(broken(lost).contains(&"I5"));
    let offer_lost = |facts: &mut Facts| drop(facts.offered.remove(0));
    assert_eq!(broken(offer_lost), ["I5"]);
    let waiting = |facts: &mut Facts| {
        let event = facts.offered.remove(0);
        let payload = serde_json::to_string(&event).unwrap();
        facts.ticket_outbox.push(OutboxRow { subject: "ticket:created".to_owned(), payload });
    };
    assert_eq!(broken(waiting), ["I8"]);
    let rolled_back = |facts: &mut Facts| {
        facts.ticket_rows[0].version -= 1;
        facts.ticket_copies[0].version -= 1;
    };
    assert_eq!(broken(rolled_back), ["I5"]);
    let forged = |facts: &mut Facts| {
        let event = facts.tickets.last().unwrap().clone();
        facts.tickets.push(TicketUpdated { version: event.version + 1, order_id: Some(id("o-9")), ..event });
    };
    assert!(broken(forged).contains(&"I5"));
    let of_no_ticket =
        |facts: &mut Facts| facts.offered.push(TicketCreated { id: id("t-9"), ..facts.offered[0].clone() });
    assert_eq!(broken(of_no_ticket), ["I5"]);
    let of_another = |facts: &mut Facts| facts.ticket_rows[0].order_id = Some("o-3".to_owned());
    assert!(broken(of_another).contains(&"I5"));
}
