//! What `expiration` promises while nothing breaks: the real binary between real servers.

mod support;

use std::{collections::BTreeMap, time::Duration};

use common::{Service, event::Id};
use messaging::ClaimHeader;
use support::{LONG, World, in_ms, metric};
use testkit::eventually;

#[tokio::test]
async fn an_order_of_an_older_service_fires_at_its_time() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    let due_ms = in_ms(700);
    let orders = BTreeMap::from([(world.order(due_ms).await, due_ms)]);
    let fired = world.fires_exactly(&orders).await;
    let stored = world.stored(Service::Expiration).await;
    assert_eq!(stored[0].payload, format!(r#"{{"orderId":"{}"}}"#, fired[0].0));
    let headers = stored[0].headers.as_ref().unwrap();
    assert_eq!(headers.get("Nats-Msg-Id").unwrap().as_str(), format!("expiration:complete:{}", fired[0].0));
    let claim: ClaimHeader = headers.get("claim").unwrap().as_str().parse().unwrap();
    assert_eq!(claim.by, "expiration-1");
    assert!((due_ms - 1_000..=fired[0].1 + 1).contains(&claim.claimed_at_ms), "{claim} of {fired:?}");
    world.is_drained().await;
    assert!(metric(&worker, "expiration_fired_total").await >= 1.0);
}

#[tokio::test]
async fn ids_of_the_older_services_are_taken_as_they_are() {
    let world = World::start().await;
    let _worker = world.worker("expiration-1").await;
    let due_ms = in_ms(0);
    let longest = "x".repeat(64);
    let ids = ["63f1a2b3c4d5e6f708192a3b", "A-b_9", longest.as_str()]
        .map(|id| Id::try_from(id.to_owned()).unwrap());
    for id in &ids {
        world.order_again(id, due_ms).await;
    }
    world.fires_exactly(&ids.into_iter().map(|id| (id, due_ms)).collect()).await;
}

#[tokio::test]
async fn the_same_order_ten_times_is_one_timer() {
    let world = World::start().await;
    let _worker = world.worker("expiration-1").await;
    let due_ms = in_ms(1_000);
    let id = world.order(due_ms).await;
    for _ in 0..9 {
        world.order_again(&id, due_ms).await;
    }
    world.fires_exactly(&BTreeMap::from([(id, due_ms)])).await;
    world.is_drained().await;
}

#[tokio::test]
async fn an_order_that_is_delivered_again_after_it_fired_makes_no_second_event() {
    let world = World::start().await;
    let _worker = world.worker("expiration-1").await;
    let due_ms = in_ms(0);
    let orders = BTreeMap::from([(world.order(due_ms).await, due_ms)]);
    world.fires_exactly(&orders).await;
    world.is_drained().await;
    let id = orders.keys().next().unwrap();
    world.order_again(id, due_ms).await;
    world.is_drained().await;
    // A later order fires after everything before it was seen to.
    let last = world.order(in_ms(0)).await;
    eventually("the later order has fired", LONG, async || {
        let fired = world.fired().await;
        fired.iter().any(|(id, _)| *id == last).then_some(()).ok_or(format!("{fired:?}"))
    })
    .await;
    world.is_drained().await;
    assert_eq!(world.fired().await.len(), 2, "the broker knew the id");
}

#[tokio::test]
async fn an_order_whose_time_is_over_fires_at_once() {
    let world = World::start().await;
    let due_ms = in_ms(-3_600_000);
    let orders = BTreeMap::from([(world.order(due_ms).await, due_ms), (world.order(0).await, 0)]);
    let _worker = world.worker("expiration-1").await;
    world.fires_exactly(&orders).await;
}

#[tokio::test]
async fn a_cancelled_order_needs_no_timer() {
    let world = World::start().await;
    let _worker = world.worker("expiration-1").await;
    let (kept, dropped) = (world.order(in_ms(3_600_000)).await, world.order(in_ms(3_600_000)).await);
    world.has_scheduled(2).await;
    let body = format!(r#"{{"id":"{dropped}","version":1,"ticket":{{"id":"63f1a2b3c4d5e6f708192a3c"}}}}"#);
    world.publish("order:cancelled", &body).await;
    world.has_scheduled(1).await;
    let left: Vec<String> = world.redis_command(&["ZRANGE", support::DUE_KEY, "0", "-1"]).await;
    assert_eq!(left, [kept.to_string()]);
}

#[tokio::test]
async fn a_timer_that_is_due_before_the_next_look_wakes_the_worker() {
    let world = World::start().await;
    let _worker = world.worker("expiration-1").await;
    // With nothing scheduled the worker looks once a second: without the due_wake half of these would be late by that.
    let mut late = Vec::new();
    for _ in 0..10 {
        let due_ms = in_ms(20);
        let id = world.order(due_ms).await;
        let at = eventually("it fires", LONG, async || {
            world
                .fired()
                .await
                .into_iter()
                .find(|(fired, _)| *fired == id)
                .map(|(_, at)| at)
                .ok_or("not yet".to_owned())
        })
        .await;
        late.push(at - due_ms);
    }
    late.sort_unstable();
    assert!(late[5] < 400, "the median of {late:?} ms says that nothing woke it");
}

#[tokio::test]
async fn a_timer_that_an_operator_moves_to_now_wakes_the_worker() {
    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    let world = World::start().await;
    let worker = world.command("expiration-1").env("INTERNAL_TOKEN", TOKEN).spawn().await.unwrap();
    worker.ready(LONG).await.unwrap();
    let url = format!("{}/internal/timers/move", worker.http_url());
    let http = reqwest::Client::new();
    // As above: the worker looks once a second.
    let mut took = Vec::new();
    for _ in 0..10 {
        let id = world.order(in_ms(3_600_000)).await;
        world.has_scheduled(1).await;
        let body = format!(r#"{{"timers":[{{"id":"{id}","to":"1970-01-01T00:00:00.000Z"}}]}}"#);
        let moved_at = in_ms(0);
        let answer = testkit::send_json(http.post(&url).bearer_auth(TOKEN), &body).await.unwrap();
        assert_eq!(answer.status(), 200);
        let at = eventually("it fires", LONG, async || {
            let fired = world.fired().await;
            fired.into_iter().find(|(fired, _)| *fired == id).map(|(_, at)| at).ok_or("not yet".to_owned())
        })
        .await;
        took.push(at - moved_at);
        world.is_drained().await;
    }
    took.sort_unstable();
    assert!(took[5] < 400, "the median of {took:?} ms says that nothing woke it");
}

async fn replicas_share(count: usize) {
    let world = World::start().await;
    let mut workers = Vec::new();
    for i in 0..count {
        workers.push(world.worker(&format!("expiration-{i}")).await);
    }
    let start = in_ms(1_500);
    let orders = world.orders((0..8_000).map(|i| start + i % 3_000)).await;
    world.fires_exactly(&orders).await;
    world.is_drained().await;
    for worker in &workers {
        let fired = metric(worker, "expiration_fired_total").await;
        assert!(fired > 0.0, "every replica takes part");
    }
}

#[tokio::test]
async fn two_replicas_share_the_work_without_a_double_event() {
    replicas_share(2).await;
}

#[tokio::test]
async fn four_replicas_share_the_work_without_a_double_event() {
    replicas_share(4).await;
}

#[tokio::test]
async fn a_service_starts_before_its_servers() {
    let world = World::start().await;
    world.nats.stop().await.unwrap();
    world.redis.stop().await.unwrap();
    let worker = world.spawn("expiration-1").await;
    eventually("it lives and is not ready", LONG, async || {
        let (live, ready) = (worker.get("/livez").await, worker.get("/readyz").await);
        match (live, ready) {
            (Ok((200, _)), Ok((503, _))) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    world.redis.restart().await.unwrap();
    world.nats.restart().await.unwrap();
    worker.ready(LONG).await.unwrap();
    let due_ms = in_ms(0);
    let orders = world.orders([due_ms]).await;
    world.fires_exactly(&orders).await;
}

#[tokio::test]
async fn an_idle_worker_with_a_hundred_thousand_timers_is_ready_and_lives() {
    let world = World::start().await;
    let due = in_ms(3_600_000).to_string();
    let script = "for i = 1, 100000 do redis.call('ZADD', KEYS[1], ARGV[1], string.format('%024x', i)) end";
    world.redis_command::<()>(&["EVAL", script, "1", support::DUE_KEY, &due]).await;
    let worker = world.worker("expiration-1").await;
    eventually("the timers are counted", Duration::from_secs(20), async || {
        let pending = metric(&worker, "expiration_pending_jobs").await;
        (pending == 100_000.0).then_some(()).ok_or(pending.to_string())
    })
    .await;
    assert_eq!(metric(&worker, "expiration_oldest_due_age_seconds").await, 0.0, "none of them is due");
    let orders = world.orders([in_ms(10)]).await;
    world.fires_exactly(&orders).await;
}

#[tokio::test]
async fn the_clocks_of_the_worker_redis_and_the_broker_are_compared_and_agree_on_one_machine() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    eventually("all three clocks are known", LONG, async || {
        let (_, text) = worker.get("/metrics").await.map_err(|error| format!("{error:#}"))?;
        let lines = text.lines().filter_map(|line| line.strip_prefix("expiration_clock_skew_seconds{"));
        let skews: Vec<f64> = lines.map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect();
        let agree = skews.len() == 3 && skews.iter().all(|skew| skew.abs() < 1.0);
        if agree { Ok(()) } else { Err(format!("{skews:?}")) }
    })
    .await;
}
