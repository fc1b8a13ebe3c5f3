//! With `expiration` beside it: the whole loop, and both timers.

use std::time::Duration;

use common::event::Id;
use futures_util::future::join_all;
use testkit::{Redis, ServiceProcess, eventually};

use crate::platform::{Platform, READY};

const SECOND: Duration = Duration::from_secs(1);

async fn expiration(platform: &Platform, redis: &Redis) -> ServiceProcess {
    let expiration = ServiceProcess::command("expiration")
        .env("NATS_URL", platform.nats.url())
        .env("REDIS_URL", redis.url())
        .spawn()
        .await
        .unwrap();
    expiration.ready(READY).await.unwrap();
    expiration
}

/// Waits until the schedule holds so many timers.
async fn scheduled(connection: &mut redis::aio::MultiplexedConnection, timers: usize) {
    let mut connection = connection.clone();
    eventually("the timers are scheduled", READY, async || {
        let found: usize = redis::cmd("ZCARD")
            .arg("{ticketing:order:expiration}:due")
            .query_async(&mut connection)
            .await
            .map_err(|error| error.to_string())?;
        if found == timers { Ok(()) } else { Err(format!("{found} of {timers}")) }
    })
    .await;
}

async fn place(platform: &Platform, orders: usize) -> Vec<Id> {
    let tickets = join_all((0..orders).map(|_| platform.ticket())).await;
    let orders = join_all(tickets.iter().map(async |ticket| platform.try_order(ticket).await)).await;
    orders.into_iter().map(|order| order.expect("the order is placed")).collect()
}

/// Holds the stream to one cancellation for each order.
async fn check_told_once(platform: &Platform, orders: &[Id]) {
    let mut expected: Vec<String> = orders.iter().map(Id::to_string).collect();
    expected.sort();
    assert_eq!(platform.published("order:cancelled").await, expected);
    assert_eq!(platform.dead_letters().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpaid_order_is_cancelled_the_moment_it_expires() {
    let platform = Platform::start("3s").await;
    let redis = Redis::start().await.unwrap();
    let _expiration = expiration(&platform, &redis).await;
    let orders = place(&platform, 20).await;
    platform.all_cancelled(READY).await;
    check_told_once(&platform, &orders).await;
    let latest = platform.latest().await;
    assert!(latest < 2 * SECOND, "{latest:?} late: that was the sweeper");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_is_wiped_in_mid_flight_leaves_no_order_later_than_the_second_timer() {
    let platform = Platform::start("6s").await;
    let redis_server = Redis::start().await.unwrap();
    let _expiration = expiration(&platform, &redis_server).await;
    let mut connection = redis_server.connect().await.unwrap();
    let orders = place(&platform, 20).await;
    scheduled(&mut connection, 20).await;
    let _: () = redis::cmd("FLUSHALL").query_async(&mut connection).await.unwrap();
    platform.all_cancelled(READY).await;
    check_told_once(&platform, &orders).await;
    let latest = platform.latest().await;
    assert!(latest < 2 * SECOND, "{latest:?} late: the timers did not come back");
    let metrics = platform.orders.get("/metrics").await.unwrap().1;
    assert!(metrics.contains("orders_swept_total 0\n"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_out_of_the_schedule_is_caught_and_the_rest_is_on_time() {
    let platform = Platform::start("6s").await;
    let redis_server = Redis::start().await.unwrap();
    let _expiration = expiration(&platform, &redis_server).await;
    let mut connection = redis_server.connect().await.unwrap();
    let orders = place(&platform, 6).await;
    scheduled(&mut connection, 6).await;
    let taken: usize = redis::cmd("ZREM")
        .arg("{ticketing:order:expiration}:due")
        .arg(orders[..2].iter().map(Id::as_str).collect::<Vec<_>>())
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(taken, 2);
    platform.all_cancelled(READY).await;
    check_told_once(&platform, &orders).await;
    let late: Vec<String> = sqlx::query_scalar(
        "select id from orders where cancelled_at > expires_at + interval '5 s' order by id",
    )
    .fetch_all(&platform.pool)
    .await
    .unwrap();
    let mut expected: Vec<String> = orders[..2].iter().map(Id::to_string).collect();
    expected.sort();
    assert_eq!(late, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_killed_while_orders_expire_loses_none() {
    let platform = Platform::start("4s").await;
    let redis = Redis::start().await.unwrap();
    let _expiration = expiration(&platform, &redis).await;
    let orders = place(&platform, 60).await;
    for _ in 0..2 {
        platform.postgres.kill().await.unwrap();
        platform.postgres.restart().await.unwrap();
        platform.orders.ready(READY).await.unwrap();
    }
    platform.all_cancelled(2 * READY).await;
    check_told_once(&platform, &orders).await;
}
