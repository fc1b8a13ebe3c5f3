//! Lists of timers, against a Redis of their own.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "support/timers.rs"]
mod timers;

use common::{
    clock,
    event::Id,
    internal::{MoveTimer, Timer, TimerState},
};
use expiration::schedule::{Job, PageQuery};
use timers::{ALL, HOUR_MS, World, filled as id, to};

/// Every timer, page by page.
async fn pages(world: &World, limit: usize) -> Vec<Timer> {
    let mut timers = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let after = cursor.as_deref().map(|text| text.split_once(':').unwrap());
        let after = after.map(|(score, id)| (score.parse().unwrap(), id));
        let page = world.schedule.page(PageQuery { after, limit, ..ALL }).await.unwrap();
        timers.extend(page.timers);
        let Some(next) = page.next else { return timers };
        cursor = Some(next);
    }
}

#[tokio::test]
async fn a_hundred_thousand_timers_of_one_instant_are_listed_page_by_page_each_once() {
    let world = World::start().await;
    world.fill(100_000, clock::now_ms() + HOUR_MS, 0).await;
    world.job(-1_000).await;
    world.job(2 * HOUR_MS).await;
    let timers = pages(&world, 997).await;
    assert_eq!(timers.len(), 100_002);
    let keys: Vec<_> = timers.iter().map(|timer| (timer.due_at, &timer.id)).collect();
    assert!(keys.is_sorted_by(|a, b| a < b), "in order, and each once");
    assert_eq!(timers[0].state, TimerState::Due);
}

#[tokio::test]
async fn the_next_page_begins_behind_a_timer_that_is_gone_or_has_moved_meanwhile() {
    let world = World::start().await;
    let due_ms = clock::now_ms() + HOUR_MS;
    world.fill(3_000, due_ms, 0).await;
    let next = async |number: usize| {
        let cursor = id(number);
        let query = PageQuery { after: Some((due_ms as f64, cursor.as_str())), limit: 3, ..ALL };
        let page = world.schedule.page(query).await.unwrap();
        page.timers.into_iter().map(|timer| timer.id).collect::<Vec<_>>()
    };
    assert_eq!(next(1_500).await, [id(1_501), id(1_502), id(1_503)]);
    world.schedule.remove_timers(&[id(1_500), id(1_501)]).await.unwrap();
    assert_eq!(next(1_500).await, [id(1_502), id(1_503), id(1_504)]);
    world.schedule.move_timers(&[to(&id(1_499), due_ms + 5)]).await.unwrap();
    assert_eq!(next(1_499).await, [id(1_502), id(1_503), id(1_504)]);
    world.schedule.remove_timers(&[id(3_000)]).await.unwrap();
    assert_eq!(next(3_000).await, [id(1_499)], "behind the last of its instant comes the next one");
    world.schedule.remove_timers(&[id(1)]).await.unwrap();
    assert_eq!(next(1).await, [id(2), id(3), id(4)]);
}

#[tokio::test]
async fn a_page_has_what_is_due_from_an_instant_on_and_before_another() {
    let world = World::start().await;
    let start = clock::now_ms() + HOUR_MS;
    world.fill(10, start, 1).await;
    let page = async |from_ms, to_ms, limit| {
        let query = PageQuery { from_ms, to_ms, after: None, limit };
        let page = world.schedule.page(query).await.unwrap();
        let due: Vec<i64> = page.timers.iter().map(|timer| timer.due_at.as_millis() - start).collect();
        (due, page.next.is_some())
    };
    assert_eq!(page(start + 3, start + 6, 10).await, (vec![3, 4, 5], false));
    assert_eq!(page(start + 3, start + 6, 2).await, (vec![3, 4], true));
    assert_eq!(page(start + 11, i64::MAX, 10).await, (vec![], false));
    assert_eq!(page(start + 6, start + 3, 10).await, (vec![], false));
    // A cursor of before begins nothing earlier than asked for.
    let query = PageQuery { from_ms: start + 6, after: Some((start as f64 + 2.0, "")), limit: 2, ..ALL };
    let page = world.schedule.page(query).await.unwrap();
    assert_eq!(page.timers[0].due_at.as_millis(), start + 6);
}

/// What a command took for longer than 2 ms. The machine may be busy, so one that is too slow is so each time.
#[tokio::test]
async fn no_look_and_no_change_takes_redis_for_longer_than_two_milliseconds() {
    const TIMERS: usize = 200_000;
    let world = World::start().await;
    let start = clock::now_ms() + HOUR_MS;
    world.fill(TIMERS, start, 100).await;
    let mut slow: Vec<String> = Vec::new();
    for round in 0..5_usize {
        world.command::<()>(&["CONFIG", "SET", "slowlog-log-slower-than", "2000"]).await;
        world.command::<()>(&["SLOWLOG", "RESET"]).await;
        let schedule = &world.schedule;
        let middle = start + 100 * (TIMERS as i64) / 2;
        let query = PageQuery { from_ms: middle, to_ms: i64::MAX, after: None, limit: 1_000 };
        assert_eq!(schedule.page(query).await.unwrap().timers.len(), 1_000);
        let gone = Id::generate();
        let query = PageQuery { after: Some((middle as f64, gone.as_str())), ..query };
        schedule.page(query).await.unwrap();
        assert_eq!(schedule.find(&id(77)).await.unwrap().unwrap().state, TimerState::Pending);
        assert!(schedule.state().await.unwrap().pending > 0);
        assert!(schedule.forecast().await.unwrap().hours.iter().sum::<u64>() > 0);
        let some = (round * 1_000 + 1)..(round * 1_000 + 501);
        let moves: Vec<MoveTimer> = some.clone().map(|number| to(&id(number * 37), middle)).collect();
        assert_eq!(schedule.move_timers(&moves).await.unwrap().done.len(), 500);
        let jobs: Vec<Job> =
            moves.iter().map(|timer| Job { id: timer.id.clone(), due_ms: middle + 50 }).collect();
        assert_eq!(schedule.extend(&jobs).await.unwrap(), 500);
        let ids: Vec<Id> = moves.into_iter().map(|timer| timer.id).collect();
        assert_eq!(schedule.remove_timers(&ids).await.unwrap().done.len(), 500);
        world.command::<()>(&["CONFIG", "SET", "slowlog-log-slower-than", "-1"]).await;
        let entries: Vec<redis::Value> = world.command(&["SLOWLOG", "GET", "100"]).await;
        if entries.is_empty() {
            return;
        }
        slow.push(format!("{entries:?}"));
    }
    panic!("slower than 2 ms in each round:\n{}", slow.join("\n"));
}
