//! What `expiration` promises while something breaks. Real processes are killed, stopped and paused.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::{collections::BTreeMap, time::Duration};

use common::{Service, event::Id};
use support::{LONG, World, in_ms, metric};
use testkit::{ServiceProcess, eventually};

const PERSISTENT: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// Orders that are due in a moment, in Redis.
async fn scheduled(world: &World, count: i64) -> BTreeMap<Id, i64> {
    let due_ms = in_ms(2_000);
    let orders = world.orders((0..count).map(|i| due_ms + i % 100)).await;
    world.has_scheduled(orders.len()).await;
    orders
}

/// Stops time for the broker and waits until a worker has claims that it can't get rid of.
async fn claims_hang(world: &World) {
    world.nats.pause().unwrap();
    eventually("a worker claims what is due", LONG, async || {
        (!world.claimed().await.is_empty()).then_some(()).ok_or("no claim".to_owned())
    })
    .await;
}

async fn overdue_for(worker: &ServiceProcess, seconds: f64) {
    eventually("the oldest due job has its age", LONG, async || {
        let age = metric(worker, "expiration_oldest_due_age_seconds").await;
        (age >= seconds).then_some(()).ok_or(format!("{age} of {seconds} s"))
    })
    .await;
}

#[tokio::test]
async fn a_worker_killed_between_claim_and_publish_loses_nothing() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    let orders = scheduled(&world, 300).await;
    claims_hang(&world).await;
    worker.kill().await.unwrap();
    world.nats.resume().unwrap();
    let _second = world.worker("expiration-2").await;
    world.fires_exactly(&orders).await;
    world.is_drained().await;
}

#[tokio::test]
async fn a_worker_killed_between_puback_and_complete_fires_nothing_twice() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    // Completing is the one step that Redis now refuses.
    world.redis_command::<()>(&["ACL", "SETUSER", "default", "-zremrangebyscore"]).await;
    let orders = scheduled(&world, 300).await;
    world.all_fired(orders.len()).await;
    worker.kill().await.unwrap();
    assert_eq!(world.pending_jobs().await, orders.len(), "a job leaves only when it is completed");
    world.redis_command::<()>(&["ACL", "SETUSER", "default", "+zremrangebyscore"]).await;
    let _second = world.worker("expiration-2").await;
    world.is_drained().await;
    world.fires_exactly(&orders).await;
}

#[tokio::test]
async fn a_worker_paused_past_its_lease_takes_nothing_from_the_one_that_took_over() {
    let world = World::start().await;
    let sleeper = world.worker("expiration-1").await;
    let orders = scheduled(&world, 300).await;
    claims_hang(&world).await;
    sleeper.pause().unwrap();
    world.nats.resume().unwrap();
    let _second = world.worker("expiration-2").await;
    world.fires_exactly(&orders).await;
    world.is_drained().await;
    let later = world.orders([in_ms(3_600_000)]).await;
    world.has_scheduled(1).await;
    sleeper.resume().unwrap();
    let more = world.orders((0..50).map(|_| in_ms(200))).await;
    let all: BTreeMap<Id, i64> = orders.into_iter().chain(more).collect();
    world.fires_exactly(&all).await;
    world.has_scheduled(later.len()).await;
}

#[tokio::test]
async fn timers_go_on_by_themselves_after_redis_was_stopped_for_ten_seconds() {
    let world = World::with_redis(&PERSISTENT).await;
    let worker = world.worker("expiration-1").await;
    let orders = scheduled(&world, 300).await;
    world.redis.stop().await.unwrap();
    // Counted by the worker, which can't see Redis, so this is also the metric's own test.
    overdue_for(&worker, 10.0).await;
    assert_eq!(worker.get("/readyz").await.unwrap().0, 503);
    assert_eq!(worker.get("/livez").await.unwrap().0, 200, "a dependency is no reason to be restarted");
    world.redis.restart().await.unwrap();
    world.fires_exactly(&orders).await;
    worker.ready(LONG).await.unwrap();
    world.is_drained().await;
}

#[tokio::test]
async fn timers_survive_a_kill_of_redis_with_its_append_only_file() {
    let world = World::with_redis(&PERSISTENT).await;
    let _worker = world.worker("expiration-1").await;
    let orders = scheduled(&world, 300).await;
    world.redis.kill().await.unwrap();
    world.redis.restart().await.unwrap();
    let more = world.orders((0..50).map(|_| in_ms(100))).await;
    world.fires_exactly(&orders.into_iter().chain(more).collect()).await;
    world.is_drained().await;
}

#[tokio::test]
async fn timers_go_on_after_every_connection_to_redis_was_cut() {
    let world = World::start().await;
    let _worker = world.worker("expiration-1").await;
    let mut orders = BTreeMap::new();
    for _ in 0..5 {
        orders.extend(world.orders((0..40).map(|i| in_ms(50 + i))).await);
        let cut: i64 = world.redis_command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
        assert!(cut > 0, "the worker was connected");
        world.fires_exactly(&orders).await;
    }
    world.is_drained().await;
}

#[tokio::test]
async fn timers_go_on_after_a_script_kept_redis_busy() {
    let world = World::with_redis(&["--busy-reply-threshold", "50"]).await;
    let worker = world.worker("expiration-1").await;
    let orders = scheduled(&world, 100).await;
    let mut hog = world.redis.connect().await.unwrap();
    let hogging = tokio::spawn(async move {
        redis::cmd("EVAL").arg("while true do end").arg(0).query_async::<()>(&mut hog).await
    });
    overdue_for(&worker, 4.0).await;
    let mut other = world.redis.connect().await.unwrap();
    redis::cmd("SCRIPT").arg("KILL").query_async::<()>(&mut other).await.unwrap();
    assert!(hogging.await.unwrap().is_err(), "the script was ended by us");
    world.fires_exactly(&orders).await;
    world.is_drained().await;
}

#[tokio::test]
async fn timers_that_come_due_while_nats_is_away_fire_when_it_returns() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    let orders = scheduled(&world, 2_000).await;
    world.nats.stop().await.unwrap();
    overdue_for(&worker, 5.0).await;
    eventually("at most one job at a time is tried", LONG, async || {
        let claimed = world.claimed().await.len();
        (claimed <= 1).then_some(()).ok_or(format!("{claimed} claimed"))
    })
    .await;
    assert_eq!(world.pending_jobs().await, orders.len(), "no job leaves before its event is stored");
    world.nats.restart().await.unwrap();
    world.fires_exactly(&orders).await;
    world.is_drained().await;
    eventually("nothing is overdue any more", LONG, async || {
        let age = metric(&worker, "expiration_oldest_due_age_seconds").await;
        (age == 0.0).then_some(()).ok_or(format!("{age} s"))
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_lost_its_data_is_used_again_without_a_restart() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    let before = scheduled(&world, 100).await;
    world.nats.wipe_and_restart().await.unwrap();
    // The worker alone creates the streams again; the stand-in for `orders` waits for them.
    world.all_fired(before.len()).await;
    eventually("the streams are there again", LONG, async || world.count(Service::Orders).await.map(drop))
        .await;
    let after = world.orders((0..100).map(in_ms)).await;
    world.fires_exactly(&before.into_iter().chain(after).collect()).await;
    world.is_drained().await;
    worker.ready(LONG).await.unwrap();
}

#[tokio::test]
async fn a_node_of_a_redis_cluster_is_refused_with_the_reason() {
    // Its own choice is a port that may be taken.
    let bus = testkit::free_port().unwrap().to_string();
    let world = World::with_redis(&["--cluster-enabled", "yes", "--cluster-port", &bus]).await;
    let worker = world.spawn("expiration-1").await;
    is_unready(&worker, "it is a node of a Redis Cluster, which is not supported").await;
}

#[tokio::test]
async fn a_replica_is_told_by_the_probe_and_used_once_it_is_the_primary() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    let due = scheduled(&world, 20).await;
    let nobody = testkit::free_port().unwrap().to_string();
    world.redis_command::<()>(&["REPLICAOF", "127.0.0.1", &nobody]).await;
    is_unready(&worker, "it is a replica and takes no timers").await;
    world.redis_command::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    worker.ready(LONG).await.unwrap();
    world.fires_exactly(&due).await;
}

#[tokio::test]
async fn a_redis_that_answers_and_refuses_to_change_anything_is_told_by_the_probe() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    let due = scheduled(&world, 20).await;
    world.redis_command::<()>(&["ACL", "SETUSER", "default", "-evalsha", "-eval"]).await;
    is_unready(&worker, "could not claim due orders in Redis").await;
    world.redis_command::<()>(&["ACL", "SETUSER", "default", "+@all"]).await;
    worker.ready(LONG).await.unwrap();
    world.fires_exactly(&due).await;
}

/// Waits until the probe says so.
async fn is_unready(worker: &ServiceProcess, words: &str) {
    eventually("the worker is not ready", LONG, async || {
        let (status, body) = worker.get("/readyz").await.map_err(|error| format!("{error:#}"))?;
        if status == 503 && body.contains(words) { Ok(()) } else { Err(format!("{status} {body}")) }
    })
    .await;
}

#[tokio::test]
async fn a_full_redis_fires_what_is_due_and_leaves_new_orders_in_the_stream() {
    let world = World::with_redis(&["--maxmemory-policy", "noeviction"]).await;
    let worker = world.worker("expiration-1").await;
    let due = scheduled(&world, 200).await;
    world.redis_command::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let new = world.orders((0..50).map(|_| in_ms(0))).await;
    world.fires_exactly(&due).await;
    eventually("the due ones are completed", LONG, async || {
        let jobs = world.pending_jobs().await;
        (jobs == 0).then_some(()).ok_or(format!("{jobs} jobs"))
    })
    .await;
    let stream = world.jetstream.get_stream("ticketing-orders").await.unwrap();
    let info = stream.consumer_info("expiration-order-created").await.unwrap();
    assert_eq!(info.num_pending + info.num_ack_pending as u64, 50, "the new ones wait, unanswered");
    world.redis_command::<()>(&["CONFIG", "SET", "maxmemory", "0"]).await;
    world.fires_exactly(&due.into_iter().chain(new).collect()).await;
    world.is_drained().await;
    assert!(
        world.jetstream.get_stream("ticketing-dead-letters").await.unwrap().cached_info().state.messages == 0
    );
    worker.ready(LONG).await.unwrap();
}

#[tokio::test]
async fn a_worker_told_to_end_under_load_exits_in_time_and_loses_nothing() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    let start = in_ms(0);
    let orders = world.orders((0..6_000).map(|i| start + i % 2_000)).await;
    world.all_fired(500).await;
    worker.terminate().unwrap();
    assert_eq!(worker.wait_exit(Duration::from_secs(20)).await.unwrap().code(), Some(0), "{}", worker.log());
    assert!(world.claimed().await.is_empty(), "what it had claimed it completed or gave back");
    let _second = world.worker("expiration-2").await;
    world.fires_exactly(&orders).await;
    world.is_drained().await;
}

#[tokio::test]
async fn a_worker_told_to_end_while_nats_hangs_gives_its_claims_back() {
    let world = World::start().await;
    let worker = world.worker("expiration-1").await;
    let orders = scheduled(&world, 300).await;
    claims_hang(&world).await;
    worker.terminate().unwrap();
    assert_eq!(worker.wait_exit(Duration::from_secs(20)).await.unwrap().code(), Some(0), "{}", worker.log());
    assert!(world.claimed().await.is_empty(), "nobody has to wait for a lease");
    assert_eq!(world.pending_jobs().await, orders.len());
    world.nats.resume().unwrap();
    let _second = world.worker("expiration-2").await;
    world.fires_exactly(&orders).await;
    world.is_drained().await;
}
