//! What the loop makes of each outcome.

use std::time::Duration;

use messaging::{Outcome, dead_letter_header as header};
use testkit::eventually;

use crate::{
    handling::{Seen, content, each},
    world::{LONG, World, options},
};

async fn seen_times(seen: &Seen, order: &str, times: usize) {
    eventually(&format!("{order} is seen {times} times"), LONG, async || match seen.count(order) {
        count if count >= times => Ok(()),
        count => Err(format!("{count} times")),
    })
    .await;
}

#[tokio::test]
async fn what_is_done_is_acked_and_never_delivered_again() {
    let world = World::start().await;
    let seen = Seen::default();
    let first = world.replica(content(&seen), options(7, 2, 5)).await;
    world.publish("o0").await;
    world.publish_all((1..100).map(|n| format!("o{n}"))).await;
    world.drained().await;
    first.stop().await;
    // A consumer that comes later is given nothing of it.
    let second = world.replica(content(&seen), options(7, 2, 5)).await;
    world.publish("last").await;
    seen_times(&seen, "last", 1).await;
    assert_eq!(seen.total(), 101);
    assert!(seen.counts().values().all(|count| *count == 1), "{:?}", seen.counts());
    let info = world.consumer().await.unwrap();
    assert_eq!((info.num_redelivered, info.ack_floor.stream_sequence >= 100), (0, true));
    second.stop().await;
}

#[tokio::test]
async fn a_refused_event_comes_again_with_a_growing_delay_and_is_a_dead_letter_after_its_limit() {
    let world = World::start().await;
    let seen = Seen::default();
    let handler = each(&seen, |order, _| match order {
        "default" => Outcome::retry("not yet"),
        "own" => Outcome::retry_at_most(1, "who is that?"),
        "never" => Outcome::retry_at_most(0, "no use"),
        _ => Outcome::Done,
    });
    let replica = world.replica(handler, options(10, 2, 2)).await;
    for order in ["default", "own", "never"] {
        world.publish(order).await;
    }
    let letters = world.dead_letters(3).await;
    let reasons: Vec<_> =
        letters.iter().map(|letter| letter.headers.get(header::REASON).unwrap().as_str()).collect();
    assert_eq!(
        reasons,
        ["refused 1 times: no use", "refused 2 times: who is that?", "refused 3 times: not yet"]
    );
    world.drained().await;
    assert_eq!((seen.count("never"), seen.count("own"), seen.count("default")), (1, 2, 3));
    assert_eq!(seen.delivered("default"), [1, 2, 3]);
    let gaps = seen.gaps("default");
    assert!(gaps[0] >= Duration::from_millis(400) && gaps[0] < Duration::from_millis(900), "{gaps:?}");
    assert!(gaps[1] >= Duration::from_millis(800) && gaps[1] < Duration::from_millis(1_600), "{gaps:?}");
    replica.stop().await;
}

#[tokio::test]
async fn an_event_that_succeeds_at_last_is_no_dead_letter_and_is_counted_anew_when_it_is_another() {
    let world = World::start().await;
    let seen = Seen::default();
    let handler = each(&seen, |_, delivered| match delivered {
        1 => Outcome::retry_at_most(1, "not yet"),
        _ => Outcome::Done,
    });
    let replica = world.replica(handler, options(10, 2, 5)).await;
    for order in ["a", "b"] {
        world.publish(order).await;
    }
    seen_times(&seen, "a", 2).await;
    seen_times(&seen, "b", 2).await;
    world.drained().await;
    world.dead_letters(0).await;
    assert_eq!(seen.total(), 4);
    replica.stop().await;
}

#[tokio::test]
async fn a_postponed_event_comes_back_after_exactly_that_long() {
    let world = World::start().await;
    let seen = Seen::default();
    let delay = Duration::from_millis(1_300);
    let handler = each(&seen, move |_, delivered| match delivered {
        1 => Outcome::Postpone(delay),
        _ => Outcome::Done,
    });
    let replica = world.replica(handler, options(10, 2, 0)).await;
    world.publish("early").await;
    seen_times(&seen, "early", 2).await;
    let gap = seen.gaps("early")[0];
    // The broker's own clock may have begun a little earlier than the answer of the test's.
    assert!(gap >= delay - Duration::from_millis(5), "{gap:?}");
    assert!(gap < delay + Duration::from_millis(400), "{gap:?}");
    replica.stop().await;
}

#[tokio::test]
async fn postponing_is_never_counted() {
    let world = World::start().await;
    let seen = Seen::default();
    let handler = each(&seen, |_, delivered| match delivered {
        1..=60 => Outcome::Postpone(Duration::from_millis(1)),
        61 => Outcome::retry("once is allowed"),
        _ => Outcome::Done,
    });
    let replica = world.replica(handler, options(10, 2, 1)).await;
    world.publish("early").await;
    seen_times(&seen, "early", 61).await;
    world.dead_letters(0).await;
    let info = world.consumer().await.unwrap();
    assert_eq!(info.num_ack_pending, 1, "it is still to come");
    replica.stop().await;
}

#[tokio::test]
async fn a_rejected_event_is_a_dead_letter_at_once() {
    let world = World::start().await;
    let seen = Seen::default();
    let handler = each(&seen, |order, _| match order {
        "bad" => Outcome::reject("paid after it was cancelled: refund"),
        _ => Outcome::Done,
    });
    let replica = world.replica(handler, options(10, 2, 50)).await;
    world.publish("good").await;
    let sequence = world.publish("bad").await;
    let letter = world.dead_letters(1).await.remove(0);
    assert_eq!(letter.subject.as_str(), format!("dead-letter.orders-expiration-complete.{sequence}"));
    assert_eq!(letter.headers.get(header::REASON).unwrap().as_str(), "paid after it was cancelled: refund");
    world.drained().await;
    assert_eq!((seen.count("bad"), seen.count("good")), (1, 1));
    replica.stop().await;
}
