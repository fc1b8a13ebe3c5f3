//! Orders that are not ours, in I1, I2, I7, I9 and I12.

use common::Service;

use super::*;
use crate::{facts::ForeignMessage, record::Foreign};

const STORED_MS: i64 = 1_799_999_000_000;

fn due_ms() -> i64 {
    expires_at().timestamp_millis()
}

/// An order of another service that went well, on top of the others.
fn with_foreign(facts: &mut Facts) {
    facts.record.foreign = vec![Foreign {
        order: id("f-1"),
        due: expires_at().into(),
        stored_ms: Some(STORED_MS),
        extended: None,
        cancelled_ms: None,
    }];
    let (order, subject) = (id("f-1"), Subject::OrderCreated);
    facts.foreign = vec![ForeignMessage { order, subject, sequence: 20, at_ms: STORED_MS, gone: false }];
    facts.fired.push(At { sequence: 30, ..fired("f-1", 3) });
    facts.dead_letters.extend(["tickets-order-created.20", "orders-expiration-complete.30"].map(|place| {
        DeadLetter {
            subject: format!("dead-letter.{place}"),
            reason: "is unknown".to_owned(),
            body: Bytes::from_static(b"of f-1"),
            ..DeadLetter::default()
        }
    }));
}

/// What is broken after a change to that.
fn broken_with(change: impl FnOnce(&mut Facts)) -> Vec<&'static str> {
    broken(|facts| {
        facts.bounds.harms.clear();
        // Nothing was wiped, so its timer has fired.
        facts.fired.push(fired("o-5", 4));
        with_foreign(facts);
        change(facts);
    })
}

fn at(facts: &mut Facts, late_ms: i64) {
    facts.fired.last_mut().unwrap().at_ms = due_ms() + late_ms;
}

fn never(facts: &mut Facts) {
    facts.fired.pop();
    facts.dead_letters.pop();
}

#[test]
fn a_foreign_order_whose_timer_fires_breaks_nothing() {
    assert!(broken_with(|_| ()).is_empty());
}

#[test]
fn i1_breaks_on_a_foreign_order_that_never_fires_unless_the_broker_lost_it() {
    assert_eq!(broken_with(never), ["I1"]);
    let lost = |is_gone: bool, effect: Effect, at_ms: i64| {
        move |facts: &mut Facts| {
            never(facts);
            facts.foreign[0].gone = is_gone;
            facts.dead_letters.pop();
            facts.bounds.harms.extend(harmed(effect, at_ms).harms);
        }
    };
    let orders = Effect::StreamLost(Service::Orders);
    assert!(broken_with(lost(true, orders, STORED_MS + 1)).is_empty());
    assert_eq!(broken_with(lost(true, orders, STORED_MS - 1)), ["I1"], "it was stored after the loss");
    assert_eq!(broken_with(lost(false, orders, STORED_MS + 1)), ["I1"], "the stream still has it");
    assert!(broken_with(lost(true, Effect::RedisLost, STORED_MS + 1)).contains(&"I1"), "Redis is no excuse");
    let in_doubt = |facts: &mut Facts| {
        never(facts);
        facts.record.foreign[0].stored_ms = None;
        facts.foreign.clear();
        facts.dead_letters.pop();
    };
    assert!(broken_with(in_doubt).is_empty());
    let cancelled = |facts: &mut Facts| {
        never(facts);
        facts.record.foreign[0].cancelled_ms = Some(STORED_MS + 1);
    };
    assert!(broken_with(cancelled).is_empty());
}

#[test]
fn i2_breaks_on_a_foreign_order_that_fires_a_ms_early_by_clocks_that_are_right() {
    assert_eq!(broken_with(|facts| at(facts, -1)), ["I2"]);
    assert!(broken_with(|facts| at(facts, 0)).is_empty());
    let skewed = |part: Part, by: i64| {
        move |facts: &mut Facts| {
            at(facts, by);
            facts.bounds.harms.extend(harmed(Effect::Skewed { part, ms: 500 }, due_ms()).harms);
        }
    };
    assert!(broken_with(skewed(Part::Redis, -500)).is_empty());
    assert_eq!(broken_with(skewed(Part::Redis, -501)), ["I2"]);
    assert_eq!(
        broken_with(skewed(Part::Service(Service::Expiration), -1)),
        ["I2"],
        "a worker's own is no excuse"
    );
}

#[test]
fn i2_breaks_on_a_foreign_order_that_fires_before_the_time_to_which_it_was_moved() {
    let moved = |stored_ms: i64, late_ms: i64| {
        move |facts: &mut Facts| {
            facts.record.foreign[0].extended = Some((extended_to().into(), stored_ms));
            at(facts, late_ms);
        }
    };
    assert_eq!(broken_with(moved(STORED_MS, 1_999)), ["I2"]);
    assert!(broken_with(moved(STORED_MS, 2_000)).is_empty());
    assert!(broken_with(moved(due_ms() - 1_000, 3)).is_empty(), "it may have come too late");
}

#[test]
fn i9_breaks_on_a_foreign_order_that_is_later_than_outage_and_rebuild() {
    assert!(broken_with(|facts| at(facts, 31_000)).is_empty());
    assert_eq!(broken_with(|facts| at(facts, 31_001)), ["I9"]);
    let lost = |effect: Effect, late_ms: i64| {
        move |facts: &mut Facts| {
            at(facts, late_ms);
            facts.bounds.harms.extend(harmed(effect, due_ms() + 1_000).harms);
        }
    };
    for effect in [Effect::RedisLost, Effect::StreamLost(Service::Expiration)] {
        assert!(broken_with(lost(effect, 47_000)).is_empty(), "{effect:?}");
        assert_eq!(broken_with(lost(effect, 47_001)), ["I9"], "{effect:?}");
    }
    assert_eq!(broken_with(lost(Effect::Away(Part::Redis), 32_001)), ["I9"], "no rebuild without a loss");
    let was_due_before = |facts: &mut Facts| {
        facts.record.foreign[0].stored_ms = Some(due_ms() + 100_000);
        at(facts, 131_000);
    };
    assert!(broken_with(was_due_before).is_empty());
    let published_again = |late_ms: i64| {
        move |facts: &mut Facts| {
            facts.foreign[0].at_ms = due_ms() + 200_000;
            at(facts, 200_000 + late_ms);
            facts.bounds.harms.extend(harmed(Effect::StreamLost(Service::Orders), STORED_MS + 1).harms);
        }
    };
    assert!(broken_with(published_again(31_000)).is_empty());
    assert_eq!(broken_with(published_again(31_001)), ["I9"]);
}

#[test]
fn i7_wants_the_letters_of_orders_that_nobody_knows() {
    let not_kept = |facts: &mut Facts| drop(facts.dead_letters.pop());
    assert_eq!(broken_with(not_kept), ["I7"]);
    let twice = |facts: &mut Facts| facts.dead_letters.push(facts.dead_letters[1].clone());
    assert_eq!(broken_with(twice), ["I7"]);
    let still_tried = |facts: &mut Facts| {
        not_kept(facts);
        facts.consumers.push(ConsumerPlace {
            name: "orders-expiration-complete".to_owned(),
            floor: 29,
            last: 30,
            unanswered: 1,
        });
    };
    assert!(broken_with(still_tried).is_empty());
    let of_another_listener = |facts: &mut Facts| {
        facts.dead_letters[1].subject = "dead-letter.payments-order-created.20".to_owned();
    };
    assert_eq!(broken_with(of_another_listener), ["I7"]);
}

#[test]
fn i7_knows_a_letter_of_a_stream_that_was_made_anew_from_the_earlier_one_of_its_place() {
    let earlier = |facts: &mut Facts| {
        let letter = facts.dead_letters[2].clone();
        facts.dead_letters.push(DeadLetter { body: Bytes::from_static(b"earlier"), ..letter });
    };
    assert_eq!(broken_with(earlier), ["I7"]);
    let lost = |facts: &mut Facts| {
        facts.bounds.harms.extend(harmed(Effect::StreamLost(Service::Expiration), STORED_MS).harms);
    };
    let of_a_lost_one = |facts: &mut Facts| {
        earlier(facts);
        lost(facts);
    };
    assert!(broken_with(of_a_lost_one).is_empty());
    let of_a_lost_one_alone = |facts: &mut Facts| {
        of_a_lost_one(facts);
        facts.dead_letters.remove(2);
    };
    assert_eq!(broken_with(of_a_lost_one_alone), ["I7"]);
    let replayed = |facts: &mut Facts| {
        lost(facts);
        facts.record.mended.push(facts.dead_letters[2].subject.clone());
    };
    assert!(broken_with(replayed).is_empty());
    let replayed_in_health =
        |facts: &mut Facts| facts.record.mended.push(facts.dead_letters[2].subject.clone());
    assert_eq!(broken_with(replayed_in_health), ["I7"]);
}

#[test]
fn i12_breaks_on_an_expiration_that_was_lost_and_did_not_come_again() {
    let lost = |facts: &mut Facts| {
        facts.fired.last_mut().unwrap().gone = true;
        facts.bounds.harms.extend(harmed(Effect::StreamLost(Service::Expiration), due_ms() + 1_000).harms);
    };
    assert_eq!(broken_with(lost), ["I12"]);
    let again = |facts: &mut Facts| {
        lost(facts);
        facts.fired.push(At { sequence: 30, ..fired("f-1", 9_000) });
    };
    assert!(broken_with(again).is_empty());
}
