//! I10 and I11: payments.

use super::*;

#[test]
fn i10_breaks_on_an_order_that_was_paid_a_second_before_its_time_was_over_and_is_cancelled() {
    let paid = |early_ms: i64| {
        move |facts: &mut Facts| facts.payments[2].at_ms = expires_at().timestamp_millis() - early_ms
    };
    assert_eq!(broken(paid(1_000)), ["I10"]);
    assert!(broken(paid(999)).is_empty());
    let given_up = |facts: &mut Facts| {
        facts.payments[2] = payment(3, Some(("p-3", "o-2")));
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
