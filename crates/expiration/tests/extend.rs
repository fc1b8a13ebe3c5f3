//! `order:extended`: a timer that runs for longer, whatever comes first.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::{collections::BTreeMap, time::Duration};

use common::{
    Service, clock,
    event::{Id, OrderExtended, Timestamp},
};
use expiration::{
    handlers::OrderExtendedHandler,
    relay::DueWake,
    schedule::{Job, Schedule},
};
use messaging::{Delivery, Handler, Outcome};
use support::{DUE_KEY, LONG, World, in_ms};
use testkit::{Redis, eventually};

const HOUR_MS: i64 = 3_600_000;

async fn schedule() -> (Redis, Schedule) {
    let redis = Redis::start().await.unwrap();
    let schedule = Schedule::new(&redis.url(), "test").unwrap();
    (redis, schedule)
}

async fn due_ms(schedule: &Schedule, id: &Id) -> i64 {
    schedule.find(id).await.unwrap().unwrap().due_at.as_millis()
}

fn extended(id: &Id, ms: i64) -> Delivery<OrderExtended> {
    let event = OrderExtended { id: id.clone(), expires_at: Timestamp::from_millis(ms) };
    Delivery { event, traceparent: None, sequence: 1, delivered: 1, stored_at_ms: 0, claim: None }
}

#[tokio::test]
async fn extensions_come_in_any_order_and_the_latest_holds() {
    let (_redis, schedule) = schedule().await;
    let handler =
        OrderExtendedHandler::new(schedule.clone(), Duration::from_secs(86_400), DueWake::default());
    let now = clock::now_ms();
    let order = Job { id: Id::generate(), due_ms: now + HOUR_MS };
    schedule.schedule(std::slice::from_ref(&order)).await.unwrap();
    // Three in one batch, the latest in the middle, and another order's between them.
    let other = Id::generate();
    let batch = [
        extended(&order.id, now + 2 * HOUR_MS),
        extended(&order.id, now + 4 * HOUR_MS),
        extended(&other, now + HOUR_MS),
        extended(&order.id, now + 3 * HOUR_MS),
    ];
    for _ in 0..2 {
        assert_eq!(handler.handle(&batch).await.unwrap(), vec![Outcome::Done; 4]);
        assert_eq!(due_ms(&schedule, &order.id).await, now + 4 * HOUR_MS);
        assert_eq!(due_ms(&schedule, &other).await, now + HOUR_MS, "one that is missing is added");
    }
    // Its creation comes last, and finds it.
    let created = Job { id: other.clone(), due_ms: now + 1_000 };
    assert_eq!(schedule.schedule(&[created]).await.unwrap(), 0);
    assert_eq!(due_ms(&schedule, &other).await, now + HOUR_MS);
}

#[tokio::test]
async fn a_claimed_timer_stays_in_its_workers_hands_also_when_it_is_given_back() {
    let (_redis, schedule) = schedule().await;
    let now = clock::now_ms();
    let job = Job { id: Id::generate(), due_ms: now - 1_000 };
    schedule.schedule(std::slice::from_ref(&job)).await.unwrap();
    let claim = schedule.claim_due(10, now).await.unwrap().claim.unwrap();
    let later = Job { id: job.id.clone(), due_ms: now + HOUR_MS };
    assert_eq!(schedule.extend(std::slice::from_ref(&later)).await.unwrap(), 0);
    assert_eq!(schedule.release(&claim, &[&claim.jobs[0]]).await.unwrap(), 1, "it is the worker's still");
    assert_eq!(due_ms(&schedule, &job.id).await, job.due_ms, "it fires, and is early by Postgres");
    assert_eq!(schedule.extend(&[later]).await.unwrap(), 1, "a redelivery finds it unclaimed");
    assert_eq!(due_ms(&schedule, &job.id).await, now + HOUR_MS);
}

#[tokio::test]
async fn an_extension_beyond_the_longest_timer_is_a_dead_letter_and_moves_nothing() {
    let (_redis, schedule) = schedule().await;
    let handler = OrderExtendedHandler::new(schedule.clone(), Duration::from_secs(7_200), DueWake::default());
    let now = clock::now_ms();
    let job = Job { id: Id::generate(), due_ms: now + HOUR_MS };
    schedule.schedule(std::slice::from_ref(&job)).await.unwrap();
    let batch = [extended(&job.id, now + 5 * HOUR_MS), extended(&Id::generate(), now + HOUR_MS)];
    let outcomes = handler.handle(&batch).await.unwrap();
    assert!(matches!(&outcomes[0], Outcome::Reject { reason } if reason.contains("EXPIRATION_MAX_DELAY")));
    assert_eq!(outcomes[1], Outcome::Done);
    assert_eq!(due_ms(&schedule, &job.id).await, job.due_ms);
}

#[tokio::test]
async fn a_full_redis_keeps_extensions_waiting_and_loses_no_timer() {
    let (redis, schedule) = schedule().await;
    let job = Job { id: Id::generate(), due_ms: clock::now_ms() + HOUR_MS };
    schedule.schedule(std::slice::from_ref(&job)).await.unwrap();
    let mut connection = redis.connect().await.unwrap();
    let mut full = redis::cmd("CONFIG");
    full.arg("SET").arg("maxmemory").arg("1").query_async::<()>(&mut connection).await.unwrap();
    let handler =
        OrderExtendedHandler::new(schedule.clone(), Duration::from_secs(86_400), DueWake::default());
    let refused = handler.handle(&[extended(&job.id, job.due_ms + 1)]).await;
    assert!(matches!(refused, Err(messaging::BatchError::Unavailable(_))), "{refused:?}");
    assert_eq!(due_ms(&schedule, &job.id).await, job.due_ms);
}

#[tokio::test]
async fn an_order_with_more_time_fires_at_its_new_time_and_once() {
    let world = World::start().await;
    let _worker = world.worker("expiration-1").await;
    let (first, second) = (in_ms(3_000), in_ms(4_500));
    let id = world.order(first).await;
    world.has_scheduled(1).await;
    let body = format!(r#"{{"id":"{id}","expiresAt":"{}"}}"#, Timestamp::from_millis(second));
    world.publish("order:extended", &body).await;
    eventually("the timer has moved", LONG, async || {
        let score: f64 = world.redis_command(&["ZSCORE", DUE_KEY, id.as_str()]).await;
        (score == second as f64).then_some(()).ok_or(score.to_string())
    })
    .await;
    world.fires_exactly(&BTreeMap::from([(id, second)])).await;
    world.is_drained().await;
    assert_eq!(world.count(Service::Expiration).await, Ok(1));
}
