//! A primary is lost, and the other server takes its place: Redis loses its lag, Postgres nothing.

use redis::AsyncCommands;
use sqlx::{Connection, PgConnection};
use testkit::{PostgresPair, RedisPair, SentinelGroup, eventually};

use crate::SOON;

async fn connection(pair: &RedisPair) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(pair.url()).unwrap();
    eventually("a connection", SOON, async || {
        client.get_multiplexed_async_connection().await.map_err(|error| error.to_string())
    })
    .await
}

async fn set(pair: &RedisPair, value: &str) {
    let () = connection(pair).await.set("key", value).await.unwrap();
}

async fn get(pair: &RedisPair) -> String {
    connection(pair).await.get("key").await.unwrap()
}

#[tokio::test]
async fn a_redis_that_fails_over_with_lag_has_lost_what_it_acknowledged_meanwhile() {
    let pair = RedisPair::start_with(&["--appendonly", "yes"]).await.unwrap();
    set(&pair, "replicated").await;
    pair.caught_up().await.unwrap();
    pair.hold_back();
    set(&pair, "acknowledged").await;
    assert_eq!(get(&pair).await, "acknowledged");
    let url = pair.url();
    pair.fail_over().await.unwrap();
    assert_eq!((get(&pair).await.as_str(), pair.url()), ("replicated", url));
    set(&pair, "after").await;
    // The last primary learns what it has missed, also when it was dead meanwhile.
    pair.replica().kill().await.unwrap();
    pair.rejoin().await.unwrap();
    pair.fail_over().await.unwrap();
    assert_eq!(get(&pair).await, "after");
}

async fn at(group: &SentinelGroup) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(group.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

#[tokio::test]
async fn sentinel_makes_the_replica_the_primary_and_loses_what_only_the_last_one_had() {
    let group = SentinelGroup::start_with(&["--appendonly", "yes"]).await.unwrap();
    assert_eq!(group.leader(), 0);
    let () = at(&group).await.set("key", "replicated").await.unwrap();
    eventually("the replica has it", SOON, async || {
        let value: Option<String> = group.server(1).connect().await.unwrap().get("key").await.unwrap();
        value.filter(|value| value == "replicated").map(drop).ok_or_else(|| "it has not".to_owned())
    })
    .await;
    group.cut_off_primary();
    let () = at(&group).await.set("key", "acknowledged").await.unwrap();
    group.failed_over_from(0).await.unwrap();
    let value: String = at(&group).await.get("key").await.unwrap();
    assert_eq!(value, "replicated");
    let () = at(&group).await.set("key", "after").await.unwrap();
    group.heal().await.unwrap();
    // The last primary follows the new one, and takes its place when that is killed.
    group.complete().await.unwrap();
    group.server(1).kill().await.unwrap();
    group.failed_over_from(1).await.unwrap();
    let value: String = at(&group).await.get("key").await.unwrap();
    assert_eq!(value, "after");
}

async fn insert(url: &str) -> Result<(), sqlx::Error> {
    let mut session = PgConnection::connect(url).await?;
    sqlx::query("INSERT INTO kept VALUES (1)").execute(&mut session).await.map(drop)
}

async fn rows(url: &str) -> Result<i64, sqlx::Error> {
    let mut session = PgConnection::connect(url).await?;
    sqlx::query_scalar("SELECT count(*) FROM kept").fetch_one(&mut session).await
}

#[tokio::test]
async fn a_postgres_that_fails_over_keeps_what_it_acknowledged_and_is_read_only_until_it_is_promoted() {
    let pair = PostgresPair::start().await.unwrap();
    let database = pair.database_named("shop").await.unwrap();
    let url = database.url();
    let mut session = PgConnection::connect(url).await.unwrap();
    sqlx::query("CREATE TABLE kept (n bigint)").execute(&mut session).await.unwrap();
    for round in 1..=2 {
        for _ in 0..10 {
            insert(url).await.unwrap();
        }
        pair.fail_over_to_read_only().await.unwrap();
        // It has everything, and may be about to replay the last of it.
        eventually("the standby refuses what is written", SOON, async || match insert(url).await {
            Err(error) if error.to_string().contains("read-only") => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
        pair.promote().await.unwrap();
        assert_eq!(rows(url).await.unwrap(), round * 11 - 1, "whatever was acknowledged is there");
        let alone = tokio::time::timeout(SOON, insert(url)).await;
        alone.expect("it waits for no standby").unwrap();
        pair.rejoin().await.unwrap();
        // As well when the primary already waits for one.
        pair.rejoin().await.unwrap();
    }
}

#[tokio::test]
async fn a_postgres_whose_standby_is_cut_off_acknowledges_nothing() {
    let pair = PostgresPair::start().await.unwrap();
    let database = pair.database_named("shop").await.unwrap();
    let mut session = PgConnection::connect(database.url()).await.unwrap();
    sqlx::query("CREATE TABLE kept (n bigint)").execute(&mut session).await.unwrap();
    pair.link().cut(testkit::Cut::Both);
    let waits = tokio::time::timeout(std::time::Duration::from_millis(300), insert(database.url())).await;
    assert!(waits.is_err(), "{waits:?}");
    pair.link().heal().await.unwrap();
    tokio::time::timeout(SOON, insert(database.url())).await.unwrap().unwrap();
}
