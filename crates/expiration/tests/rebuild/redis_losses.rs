//! Redis loses everything, its newest writes, or its place to a replica that lags behind.

use std::{collections::BTreeMap, time::Instant};

use common::event::Id;
use testkit::{Redis, Relay, eventually};

use crate::{
    model::{Model, Told, scheduled},
    support::{CHECKPOINT, DUE_KEY, LONG, World, in_ms, metric},
    worker::Worker,
};

const HOUR_MS: i64 = 3_600_000;
const EVERYSEC: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "everysec"];

/// Pending, moved, cancelled and fired orders, of ours and of others, all in the schedule and settled by a worker.
async fn busy(world: &World) -> Model {
    let mut model = Model::of(300);
    let due_ms = |order: usize| in_ms(if order % 5 == 4 { 300 } else { HOUR_MS + order as i64 });
    for order in (0..300).filter(|order| order % 5 != 4) {
        model.tell(world, &Told::Created { order, due_ms: due_ms(order) }).await;
    }
    // What is told of an order later must not overtake it: each has a consumer of its own.
    world.has_scheduled(240).await;
    for order in 0..300 {
        let told = match order % 5 {
            1 => Told::Extended { order, due_ms: due_ms(order) + HOUR_MS },
            2 => Told::Cancelled { order },
            3 => Told::Poison { subject: "order:cancelled" },
            4 => Told::Created { order, due_ms: due_ms(order) },
            _ => continue,
        };
        model.tell(world, &told).await;
    }
    world.all_fired(60).await;
    (0..300).filter(|order| order % 5 == 4).for_each(|order| model.fired(order));
    is(world, &model).await;
    model
}

async fn is(world: &World, model: &Model) {
    let expected = model.timers();
    eventually("the schedule is what the events say", LONG, async || {
        let found = scheduled(world).await;
        (found == expected).then_some(()).ok_or(format!("{} of {} timers", found.len(), expected.len()))
    })
    .await;
}

#[tokio::test]
async fn what_a_wiped_redis_had_comes_back_as_it_was_and_what_has_fired_does_not() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    let model = busy(&world).await;
    let rebuilds = metric(&worker, "expiration_rebuilds_total").await;
    let lost_at = Instant::now();
    world.redis_command::<()>(&["FLUSHALL"]).await;
    is(&world, &model).await;
    println!("{} timers were back after {:?}", model.timers().len(), lost_at.elapsed());
    eventually("the rebuild is counted", LONG, async || {
        let now = metric(&worker, "expiration_rebuilds_total").await;
        let restored = metric(&worker, "expiration_restored_total").await;
        let all = now == rebuilds + 1.0 && restored >= model.timers().len() as f64;
        all.then_some(()).ok_or(format!("{now} rebuilds, {restored} restored\n{}", worker.log()))
    })
    .await;
    assert_eq!(metric(&worker, "expiration_checkpoint_holds").await, 1.0);
    let later = world.orders([in_ms(200)]).await;
    world.all_fired(61).await;
    let fired: Vec<Id> = world.fired().await.into_iter().map(|(id, _)| id).collect();
    let once: std::collections::BTreeSet<&Id> = fired.iter().collect();
    assert_eq!(once.len(), fired.len(), "nothing has fired twice");
    assert!(once.contains(later.keys().next().unwrap()));
}

#[tokio::test]
async fn a_timer_that_redis_acknowledged_and_lost_in_a_crash_is_back_in_seconds() {
    let world = World::with_redis(&EVERYSEC).await;
    let worker = world.worker("expiration-1").await;
    let mut kept = world.orders((0..50).map(|i| in_ms(HOUR_MS) + i)).await;
    world.has_scheduled(50).await;
    checkpoint_is_level(&world, 50).await;
    let older = world.redis.snapshot_files().await.unwrap();
    let lost = world.orders((0..50).map(|i| in_ms(2 * HOUR_MS) + i)).await;
    world.has_scheduled(100).await;
    let (cancelled, _) = kept.pop_first().unwrap();
    let body = format!(r#"{{"id":"{cancelled}","version":1,"ticket":{{"id":"t"}}}}"#);
    world.publish("order:cancelled", &body).await;
    world.has_scheduled(99).await;
    checkpoint_is_level(&world, 101).await;
    world.redis.restore_files(&older).await.unwrap();
    let up_at = Instant::now();
    kept.extend(lost);
    has(&world, &kept).await;
    println!("50 timers were back {:?} after Redis", up_at.elapsed());
    let line = "50 timers came back, 0 moved, 1 removed";
    assert!(worker.log().contains(line), "only what is behind the checkpoint\n{}", worker.log());
}

#[tokio::test]
async fn an_orderly_restart_of_redis_makes_a_rebuild_read_only_what_is_behind_the_checkpoint() {
    let world = World::with_redis(&EVERYSEC).await;
    let worker = world.worker("expiration-1").await;
    let orders = world.orders((0..50).map(|i| in_ms(HOUR_MS) + i)).await;
    world.has_scheduled(50).await;
    checkpoint_is_level(&world, 50).await;
    let rebuilds = metric(&worker, "expiration_rebuilds_total").await;
    world.redis.restart().await.unwrap();
    eventually("the rebuild has come to its end", LONG, async || {
        let now = metric(&worker, "expiration_rebuilds_total").await;
        (now > rebuilds).then_some(()).ok_or(format!("{now} rebuilds\n{}", worker.log()))
    })
    .await;
    let line = worker.log().lines().rfind(|line| line.contains("is rebuilt")).unwrap().to_owned();
    assert!(line.contains(": 0 messages read, 0 timers came back"), "{line}");
    has(&world, &orders).await;
}

#[tokio::test]
async fn what_a_replica_that_took_over_never_got_comes_back() {
    let world = World::start().await;
    world.redis_command::<()>(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]).await;
    let replica = Redis::start().await.unwrap();
    let mut connection = replica.connect().await.unwrap();
    let port = world.redis.port().to_string();
    redis::cmd("REPLICAOF").arg("127.0.0.1").arg(port).query_async::<()>(&mut connection).await.unwrap();
    let worker = Worker::idle(&world.nats, &world.redis.url(), "worker-1").await.listening().rebuilding();
    let mut orders = world.orders((0..20).map(|i| in_ms(HOUR_MS) + i)).await;
    worker.has_taken_everything().await;
    worker.holds().await;
    eventually("the replica has it too", LONG, async || {
        let there: u64 = redis::cmd("ZCARD").arg(DUE_KEY).query_async(&mut connection).await.unwrap();
        (there == 20).then_some(()).ok_or(format!("{there} timers"))
    })
    .await;
    // From here on it lags, and then it takes over.
    redis::cmd("REPLICAOF").arg("NO").arg("ONE").query_async::<()>(&mut connection).await.unwrap();
    orders.extend(world.orders((0..20).map(|i| in_ms(HOUR_MS) + i)).await);
    worker.has_taken_everything().await;
    worker.holds().await;
    worker.stop().await;
    world.redis.kill().await.unwrap();
    let _next = Worker::idle(&world.nats, &replica.url(), "worker-2").await.listening().rebuilding();
    eventually("all of them are back", LONG, async || {
        let there: Vec<(String, i64)> = redis::cmd("ZRANGE")
            .arg(DUE_KEY)
            .arg(0)
            .arg(-1)
            .arg("WITHSCORES")
            .query_async(&mut connection)
            .await
            .unwrap();
        let there: BTreeMap<Id, i64> =
            there.into_iter().map(|(id, due_ms)| (id.parse().unwrap(), due_ms)).collect();
        (there == orders).then_some(()).ok_or(format!("{} of {}", there.len(), orders.len()))
    })
    .await;
}

async fn has(world: &World, orders: &BTreeMap<Id, i64>) {
    eventually("the timers are there", LONG, async || {
        let found = scheduled(world).await;
        (found == *orders).then_some(()).ok_or(format!("{} of {}", found.len(), orders.len()))
    })
    .await;
}

async fn checkpoint_is_level(world: &World, sequence: u64) {
    eventually("the checkpoint is advanced in health", LONG, async || {
        let (at, run): (Option<u64>, Option<String>) =
            world.redis_command(&["HMGET", CHECKPOINT, "sequence", "run"]).await;
        (at == Some(sequence) && run.is_some()).then_some(()).ok_or(format!("at {at:?} of {sequence}"))
    })
    .await;
}

#[tokio::test]
async fn what_another_server_took_while_redis_was_away_is_there_when_the_first_one_is_back_as_it_was() {
    let world = World::with_redis(&["--repl-diskless-sync-delay", "0"]).await;
    let other = Redis::start().await.unwrap();
    let mut there = other.connect().await.unwrap();
    let follow: [&str; 3] = ["REPLICAOF", "127.0.0.1", &world.redis.port().to_string()];
    redis::cmd(follow[0]).arg(&follow[1..]).exec_async(&mut there).await.unwrap();
    let front = Relay::to(world.redis.port()).await.unwrap();
    let url = format!("redis://127.0.0.1:{}", front.port());
    let worker = Worker::idle(&world.nats, &url, "expiration-1").await.listening().rebuilding();
    let mut model = Model::of(3);
    model.tell(&world, &Told::Created { order: 0, due_ms: in_ms(HOUR_MS) }).await;
    worker.has_taken_everything().await;
    worker.holds().await;
    eventually("the other one has it all", LONG, async || {
        let both: i64 =
            redis::cmd("EXISTS").arg(DUE_KEY).arg(CHECKPOINT).query_async(&mut there).await.unwrap();
        (both == 2).then_some(()).ok_or(format!("{both} keys"))
    })
    .await;

    // The other one takes over. The first one is not told, and loses nothing that it had.
    redis::cmd("REPLICAOF").arg("NO").arg("ONE").exec_async(&mut there).await.unwrap();
    front.repoint(other.port());
    model.tell(&world, &Told::Created { order: 1, due_ms: in_ms(HOUR_MS) }).await;
    worker.has_taken_everything().await;
    let taken: i64 = redis::cmd("ZCARD").arg(DUE_KEY).query_async(&mut there).await.unwrap();
    assert_eq!(taken, 2);
    front.repoint(world.redis.port());
    model.tell(&world, &Told::Created { order: 2, due_ms: in_ms(HOUR_MS) }).await;
    is(&world, &model).await;
    worker.holds().await;
    worker.stop().await;
}
