//! The index has what the broker has, whatever happens to it.

use common::operator::DeadLetterFilter;
use console::dead_letters::StillReading;
use testkit::eventually;

use crate::world::{CONSUMER, GOOD, LONG, Left, World, all, topology};

const OTHER: &str = "tickets-order-created";

fn sequences(page: &common::operator::DeadLetterPage) -> Vec<u64> {
    page.letters.iter().map(|letter| letter.sequence).collect()
}

#[tokio::test]
async fn letters_are_grouped_by_consumer_and_reason_and_found_by_group_consumer_and_order_page_by_page() {
    let world = World::start().await;
    let unknown: Vec<_> = (0..30).map(|n| format!("the order 65f0c0ffee00000000{n:04} is unknown")).collect();
    let bodies: Vec<_> = (0..30).map(|n| format!(r#"{{"orderId":"o{}"}}"#, n % 10)).collect();
    let letters = unknown.iter().zip(&bodies).map(|(reason, body)| Left { reason, body, ..GOOD });
    world.leave((1..).zip(letters)).await;
    let again = [("dead-letter-replays", "1")];
    world
        .leave([
            (31, Left { reason: "late", headers: &again, ..GOOD }),
            (1, Left { consumer: OTHER, ..GOOD }),
        ])
        .await;
    let engine = world.engine().await;
    engine.has(32).await;
    let groups = engine.letters.groups().groups;
    let told: Vec<_> =
        groups.iter().map(|group| (group.consumer.as_str(), group.count, group.failed_again)).collect();
    assert_eq!(told[0], (CONSUMER, 30, 0));
    assert!(told.contains(&(CONSUMER, 1, 1)) && told.contains(&(OTHER, 1, 0)), "{told:?}");
    assert_eq!(
        (groups[0].reason.as_str(), groups[0].subject.as_str()),
        ("the order … is unknown", "expiration:complete")
    );
    let filter = DeadLetterFilter { group: Some(groups[0].id.clone()), ..all() };
    let page = engine.letters.list(&filter, None, 20).await.unwrap();
    assert_eq!((page.total, page.next), (30, Some(11)));
    assert_eq!(sequences(&page), (11..=30).rev().collect::<Vec<_>>());
    assert!(page.letters.iter().all(|letter| letter.group == groups[0].id && letter.reason.contains("65f0")));
    let rest = engine.letters.list(&filter, page.next, 20).await.unwrap();
    assert_eq!((sequences(&rest), rest.next), ((1..=10).rev().collect(), None));
    let filter = DeadLetterFilter { order: Some("o3".parse().unwrap()), ..all() };
    assert_eq!(sequences(&engine.letters.list(&filter, None, 10).await.unwrap()), [24, 14, 4]);
    let filter = DeadLetterFilter { consumer: Some(OTHER.to_owned()), ..all() };
    assert_eq!(sequences(&engine.letters.list(&filter, None, 10).await.unwrap()), [32]);
    let none = DeadLetterFilter { group: Some("none".to_owned()), ..all() };
    assert_eq!(engine.letters.list(&none, None, 10).await.unwrap().total, 0);
}

#[tokio::test]
async fn letters_that_somebody_else_takes_away_leave_the_index_and_new_ones_come_into_it() {
    let world = World::start().await;
    world.leave((1..=100).map(|n| (n, GOOD))).await;
    let engine = world.engine().await;
    engine.has(100).await;
    let stream = world.stream("c-dead-letters").await.unwrap();
    for sequence in [1, 2, 50, 99, 100] {
        stream.delete_message(sequence).await.unwrap();
    }
    world.leave((101..=103).map(|n| (n, GOOD))).await;
    engine.has(98).await;
    let page = engine.letters.list(&all(), None, 100).await.unwrap();
    assert!(!sequences(&page).iter().any(|sequence| [1, 2, 50, 99, 100].contains(sequence)));
    stream.purge().await.unwrap();
    engine.has(0).await;
}

#[tokio::test]
async fn the_index_outlives_the_broker_and_begins_anew_with_another_stream() {
    let world = World::start().await;
    world.leave((1..=50).map(|n| (n, GOOD))).await;
    let engine = world.engine().await;
    engine.has(50).await;
    world.nats.kill().await.unwrap();
    assert!(engine.letters.list(&all(), None, 10).await.is_err(), "the broker is away");
    assert_eq!(engine.letters.total(), 50);
    world.nats.restart().await.unwrap();
    eventually("it takes letters again", LONG, async || world.stream("c-dead-letters").await).await;
    world.leave([(51, GOOD)]).await;
    engine.has(51).await;
    // As many as before, so that only the stream itself tells that they are others.
    world.jetstream.delete_stream("c-dead-letters").await.unwrap();
    world.jetstream.create_stream(topology().dead_letters()).await.unwrap();
    world.leave((1..=51).map(|n| (n, Left { reason: "another", ..GOOD }))).await;
    eventually("it has the others", LONG, async || {
        let groups = engine.letters.groups().groups;
        let told: Vec<_> = groups.iter().map(|group| (group.reason.as_str(), group.count)).collect();
        if told == [("another", 51)] { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
    world.nats.wipe_and_restart().await.unwrap();
    engine.has(0).await;
}

#[tokio::test]
async fn nobody_plans_by_an_index_that_is_not_complete() {
    let world = World::start().await;
    world.leave((1..=3_000).map(|n| (n, GOOD))).await;
    let engine = world.engine().await;
    // Nothing has run since it was started, so it has read nothing yet.
    let planned = engine.letters.plan_replay(&all());
    assert!(matches!(planned, Err(StillReading { .. })), "{planned:?}");
    engine.has(3_000).await;
    assert_eq!(engine.letters.plan_replay(&all()).unwrap().0.len(), 3_000);
}
