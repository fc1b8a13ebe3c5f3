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
        facts.record.mended.push(letter.subject);
    };
    assert!(broken(replayed).is_empty());
    let asked_twice = |facts: &mut Facts| {
        let letter = facts.dead_letters.remove(0);
        facts.record.mended.extend([letter.subject.clone(), letter.subject]);
    };
    assert!(broken(asked_twice).is_empty());
    let kept_all_the_same =
        |facts: &mut Facts| facts.record.mended.push(facts.dead_letters[0].subject.clone());
    assert_eq!(broken(kept_all_the_same), ["I7"]);
    // Then either it was another operator's replay and the letter is back, or it was this one.
    let perhaps = |facts: &mut Facts| facts.record.perhaps_mended.push(dead_letter(1).subject);
    assert!(broken(perhaps).is_empty());
    let perhaps_and_gone = |facts: &mut Facts| {
        perhaps(facts);
        facts.dead_letters.clear();
    };
    assert!(broken(perhaps_and_gone).is_empty());
    let perhaps_and_twice = |facts: &mut Facts| {
        perhaps(facts);
        twice(facts);
    };
    assert_eq!(broken(perhaps_and_twice), ["I7"]);
    let perhaps_of_a_good_one = |facts: &mut Facts| facts.record.perhaps_mended.push(dead_letter(2).subject);
    assert_eq!(broken(perhaps_of_a_good_one), ["I7"]);
    let of_a_good_one = |facts: &mut Facts| facts.record.mended.push(dead_letter(2).subject);
    assert_eq!(broken(of_a_good_one), ["I7"]);
    let late = |facts: &mut Facts, ms| *facts.record.complete_at_ms.get_mut(&id("o-1")).unwrap() = ms;
    assert_eq!(broken(|facts: &mut Facts| late(facts, 5_001)), ["I7"]);
    let in_killed_hands = |ms| {
        move |facts: &mut Facts| {
            facts.bounds.harms.extend(harmed(Effect::Away(Part::Service(Service::Orders)), 0).harms);
            late(facts, ms);
        }
    };
    assert!(broken(in_killed_hands(35_000)).is_empty());
    assert_eq!(broken(in_killed_hands(35_001)), ["I7"]);
    let nonsense = |facts: &mut Facts| {
        facts.unreadable.push(unreadable(Subject::OrderCreated, 7, Bytes::from_static(b"{}")));
    };
    assert_eq!(broken(nonsense), ["I7"]);
}

#[test]
fn i7_wants_a_letter_of_each_listener() {
    let body = Bytes::from_static(b"poison for three");
    let stored = move |facts: &mut Facts, letters: &[&str]| {
        let subject = Subject::OrderCreated;
        facts.record.poison.push(Poison { subject, body: body.clone(), stored_ms: Some(0) });
        facts.unreadable.push(unreadable(subject, 9, body.clone()));
        facts.dead_letters.extend(letters.iter().map(|durable| DeadLetter {
            subject: format!("dead-letter.{durable}.9"),
            reason: "bad".to_owned(),
            body: body.clone(),
            ..DeadLetter::default()
        }));
    };
    let all = ["expiration-order-created", "tickets-order-created", "payments-order-created"];
    assert!(broken(|facts: &mut Facts| stored(facts, &all)).is_empty());
    assert_eq!(broken(|facts: &mut Facts| stored(facts, &all[..2])), ["I7"]);
}

#[test]
fn i7_excuses_poison_that_the_broker_lost_and_no_other() {
    let gone = |facts: &mut Facts, effects: &[Effect]| {
        facts.unreadable.clear();
        facts.dead_letters.clear();
        facts.bounds.harms.extend(effects.iter().flat_map(|effect| harmed(*effect, later()).harms));
    };
    let payments = Effect::StreamLost(Service::Payments);
    assert_eq!(broken(|facts: &mut Facts| gone(facts, &[])), ["I7"]);
    assert_eq!(broken(|facts: &mut Facts| gone(facts, &[Effect::StreamLost(Service::Orders)])), ["I7"]);
    assert!(broken(|facts: &mut Facts| gone(facts, &[payments])).is_empty());
    let letters = |facts: &mut Facts, effect| {
        facts.dead_letters.clear();
        facts.bounds.harms.extend(harmed(effect, later()).harms);
    };
    assert!(broken(|facts: &mut Facts| letters(facts, Effect::LettersLost)).is_empty());
    assert_eq!(broken(|facts: &mut Facts| letters(facts, Effect::RedisLost)), ["I7"]);
    let after_the_loss = |facts: &mut Facts| {
        letters(facts, Effect::LettersLost);
        facts.unreadable[0].at_ms = later() + 1;
    };
    assert_eq!(broken(after_the_loss), ["I7"]);
    let mended_and_back = |facts: &mut Facts, effect| {
        facts.record.mended.push(dead_letter(1).subject);
        facts.bounds.harms.extend(harmed(effect, later()).harms);
    };
    assert!(broken(|facts: &mut Facts| mended_and_back(facts, Effect::LettersLost)).is_empty());
    assert_eq!(broken(|facts: &mut Facts| mended_and_back(facts, Effect::RedisLost)), ["I7"]);
    // Kept without knowing, dealt with, and kept again.
    for (part, is_excused) in [
        (Part::Broker, true),
        (Part::Service(Service::Orders), true),
        (Part::Service(Service::Tickets), false),
        (Part::Redis, false),
    ] {
        let verdict = broken(|facts: &mut Facts| mended_and_back(facts, Effect::Away(part)));
        assert_eq!(verdict.is_empty(), is_excused, "{part:?}");
    }
    // In a stream that was made anew the same place is another message's, and both letters are right.
    let two_of_one_place = |facts: &mut Facts, effect| {
        facts.dead_letters.push(DeadLetter { body: Bytes::from_static(b"earlier"), ..dead_letter(1) });
        facts.bounds.harms.extend(harmed(effect, later()).harms);
    };
    assert!(broken(|facts: &mut Facts| two_of_one_place(facts, payments)).is_empty());
    assert_eq!(broken(|facts: &mut Facts| two_of_one_place(facts, Effect::RedisLost)), ["I7"]);
}

#[test]
fn i7_wants_a_letter_again_that_was_replayed_as_it_was() {
    let replayed = |facts: &mut Facts| facts.record.replayed.push(dead_letter(1).subject);
    assert!(broken(replayed).is_empty());
    let gone = |facts: &mut Facts| {
        replayed(facts);
        facts.dead_letters.clear();
    };
    assert_eq!(broken(gone), ["I7"]);
    let of_nothing = |facts: &mut Facts| facts.record.replayed.push(dead_letter(2).subject);
    assert_eq!(broken(of_nothing), ["I7"]);
}

#[test]
fn i7_lets_a_letter_be_there_once_more_after_a_replay_that_was_not_answered() {
    let once_more = |letters| {
        move |facts: &mut Facts| {
            // Asked for twice, it is stored once.
            facts.record.perhaps_replayed.extend([dead_letter(1).subject, dead_letter(1).subject]);
            facts.dead_letters.extend(vec![dead_letter(1); letters]);
        }
    };
    assert!(broken(once_more(0)).is_empty());
    assert!(broken(once_more(1)).is_empty());
    assert_eq!(broken(once_more(2)), ["I7"]);
    let gone = |facts: &mut Facts| {
        once_more(0)(facts);
        facts.dead_letters.clear();
    };
    assert_eq!(broken(gone), ["I7"]);
    let of_another = |facts: &mut Facts| {
        once_more(1)(facts);
        facts.record.perhaps_replayed = vec![dead_letter(2).subject];
    };
    assert_eq!(broken(of_another), ["I7"]);
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

#[test]
fn i9_is_moved_by_an_outage_of_what_keeps_the_time_and_of_nothing_else() {
    let after = |part: Part, by: i64| {
        move |facts: &mut Facts| {
            let due_ms = expires_at().timestamp_millis();
            let (effect, from_ms, to_ms) = (Effect::Away(part), due_ms + 5_000, due_ms + 60_000);
            facts.bounds.harms.push(Harm { effect, from_ms, to_ms });
            facts.rows[2].cancelled_at = Some(expires_at() + ms(by));
        }
    };
    for part in [
        Part::Broker,
        Part::Redis,
        Part::Service(Service::Orders),
        Part::Service(Service::Expiration),
        Part::Database(Service::Orders),
    ] {
        assert!(broken(after(part, 91_000)).is_empty(), "{part:?}");
        assert_eq!(broken(after(part, 91_001)), ["I9"], "{part:?}");
    }
    for part in [Part::Service(Service::Tickets), Part::Database(Service::Payments), Part::Provider] {
        assert_eq!(broken(after(part, 31_001)), ["I9"], "{part:?}");
    }
}
