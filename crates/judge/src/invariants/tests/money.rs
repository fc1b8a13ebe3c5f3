//! I10 and I11: payments.

use common::Service;

use super::*;

#[test]
fn i10_breaks_on_an_order_that_was_paid_a_second_before_its_time_was_over_and_is_cancelled() {
    let paid = |early_ms: i64| {
        move |facts: &mut Facts| facts.payments[1].at_ms = expires_at().timestamp_millis() - early_ms
    };
    assert_eq!(broken(paid(1_000)), ["I10"]);
    assert!(broken(paid(999)).is_empty());
    let given_up = |facts: &mut Facts| {
        facts.payments[1] = payment(3, ("p-3", "o-2"));
        facts.rejected = vec![rejected("p-3", "o-2")];
    };
    assert!(broken(given_up).is_empty());
}

#[test]
fn i11_breaks_on_a_payment_that_is_not_decided_once_and_on_a_cent_that_is_not_where_the_order_says() {
    let kept = |facts: &mut Facts| facts.rejected.clear();
    assert_eq!(broken(kept), ["I11"]);
    let twice = |facts: &mut Facts| facts.rejected.push(facts.rejected[0].clone());
    assert_eq!(broken(twice), ["I11"]);
    let both = |facts: &mut Facts| facts.rejected.push(rejected("p-1", "o-1"));
    assert_eq!(broken(both), ["I11"]);
    let not_captured = |facts: &mut Facts| facts.purchases[0].captured = 0;
    assert_eq!(broken(not_captured), ["I11"]);
    let a_cent_too_much = |facts: &mut Facts| facts.purchases[0].captured += 1;
    assert_eq!(broken(a_cent_too_much), ["I11"]);
    let refunded = |facts: &mut Facts| facts.purchases[0].refunded = 1;
    assert_eq!(broken(refunded), ["I11"]);
    let held = |facts: &mut Facts| facts.purchases[1].is_held = true;
    assert_eq!(broken(held), ["I11"]);
    let of_no_order = |facts: &mut Facts| facts.purchases[0].order = "o-9".to_owned();
    assert_eq!(broken(of_no_order), ["I11"]);
    let from_nowhere = |facts: &mut Facts| facts.rejected.push(rejected("p-9", "o-3"));
    assert_eq!(broken(from_nowhere), ["I11"]);
}

#[test]
fn i10_takes_no_excuse_but_a_clock_that_was_wrong() {
    let paid = |facts: &mut Facts| facts.payments[1].at_ms = expires_at().timestamp_millis() - 1_000;
    let while_broken = |effect| {
        move |facts: &mut Facts| {
            paid(facts);
            facts.bounds.harms.extend(harmed(effect, expires_at().timestamp_millis() - 1_000).harms);
        }
    };
    for part in [Part::Broker, Part::Redis, Part::Service(Service::Orders), Part::Database(Service::Orders)] {
        assert_eq!(broken(while_broken(Effect::Away(part))), ["I10"], "{part:?}");
    }
    assert_eq!(broken(while_broken(Effect::StreamLost(Service::Payments))), ["I10"]);
    assert!(broken(while_broken(Effect::Skewed { part: Part::Broker, ms: -1 })).is_empty());
    let told_again = |facts: &mut Facts| {
        // It was heard in time, and the stream has it only since it was told again.
        paid(facts);
        facts.payments[1].gone = true;
        facts.payments.push(late_payment(9, ("p-3", "o-3")));
    };
    assert!(broken(told_again).is_empty());
}

#[test]
fn i11_takes_a_repetition_for_the_same_rejection_only_where_events_are_repeated() {
    let again = |facts: &mut Facts| facts.rejected.push(facts.rejected[0].clone());
    let repeats = |facts: &mut Facts| {
        again(facts);
        facts.record.repeats = true;
    };
    assert!(broken(repeats).is_empty());
    let told_again = |facts: &mut Facts| {
        again(facts);
        facts.bounds.harms.extend(harmed(Effect::StreamLost(Service::Orders), later()).harms);
    };
    assert!(broken(told_again).is_empty());
    let for_another_reason = |facts: &mut Facts| {
        repeats(facts);
        facts.rejected[1].reason = "another".to_owned();
    };
    assert_eq!(broken(for_another_reason), ["I11"]);
}

#[test]
fn i11_breaks_on_a_payment_that_was_answered_and_is_not_known() {
    let lost = |facts: &mut Facts| drop(facts.payment_rows.remove(1));
    assert_eq!(broken(lost), ["I11"]);
}

#[test]
fn i11_knows_the_price_of_an_order_of_which_the_stream_lost_the_event() {
    let lost = |price: i64| {
        move |facts: &mut Facts| {
            facts.created.remove(0);
            facts.rows[0].price = Some(price.into());
            facts.bounds.harms.extend(harmed(Effect::StreamLost(Service::Orders), later()).harms);
        }
    };
    assert!(broken(lost(20)).is_empty());
    assert_eq!(broken(lost(21)), ["I11"]);
}
