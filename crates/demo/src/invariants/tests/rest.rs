//! I7 to I9: poison, what is left behind, and how late things were.

use common::Service;

use super::*;

#[test]
fn i7_breaks_on_poison_that_is_lost_or_kept_twice_and_on_a_good_payment_that_waited() {
    let lost = |facts: &mut Facts| drop(facts.dead_letters.remove(0));
    assert_eq!(broken(lost), ["I7"]);
    let twice = |facts: &mut Facts| facts.dead_letters.push(dead_letter(1));
    assert_eq!(broken(twice), ["I7"]);
    let a_good_one = |facts: &mut Facts| facts.dead_letters.push(dead_letter(2));
    assert_eq!(broken(a_good_one), ["I7"]);
    let replayed = |facts: &mut Facts| {
        let letter = facts.dead_letters.remove(0);
        facts.replayed.push(letter.subject);
    };
    assert!(broken(replayed).is_empty());
    let kept_all_the_same = |facts: &mut Facts| facts.replayed.push(facts.dead_letters[0].subject.clone());
    assert_eq!(broken(kept_all_the_same), ["I7"]);
    let of_a_good_one = |facts: &mut Facts| facts.replayed.push(dead_letter(2).subject);
    assert_eq!(broken(of_a_good_one), ["I7"]);
    let late = |facts: &mut Facts, ms| *facts.complete_at_ms.get_mut(&id("o-1")).unwrap() = ms;
    assert_eq!(broken(|facts: &mut Facts| late(facts, 5_001)), ["I7"]);
    let in_killed_hands = |ms| {
        move |facts: &mut Facts| {
            facts.killed = Some(Service::Orders);
            late(facts, ms);
        }
    };
    assert!(broken(in_killed_hands(35_000)).is_empty());
    assert_eq!(broken(in_killed_hands(35_001)), ["I7"]);
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
    let sweeper = |by| move |facts: &mut Facts| facts.rows[4].cancelled_at = Some(expires_at() + ms(by));
    assert!(broken(sweeper(13_000)).is_empty());
    assert_eq!(broken(sweeper(13_001)), ["I9"]);
}
