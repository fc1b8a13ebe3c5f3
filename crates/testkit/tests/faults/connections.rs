//! A server that has no room: Postgres without a free connection, Redis without memory.

use redis::AsyncCommands;
use sqlx::{Connection, PgConnection};
use testkit::{Postgres, Redis, eventually};
use tokio::task::JoinSet;

use crate::SOON;

#[tokio::test]
async fn postgres_without_a_free_connection_refuses_clients_and_has_sent_away_those_it_had() {
    let postgres = Postgres::start_with(&["fsync=off", "max_connections=20"]).await.unwrap();
    let mut client = PgConnection::connect(&postgres.url()).await.unwrap();
    let occupied = postgres.occupy().await.unwrap();
    assert_eq!(occupied.count(), 20);
    assert!(sqlx::query("SELECT 1").execute(&mut client).await.is_err(), "it was sent away");
    let refused = PgConnection::connect(&postgres.url()).await.unwrap_err();
    assert!(refused.to_string().contains("too many clients"), "{refused}");
    drop(occupied);
    eventually("clients get in", SOON, async || {
        PgConnection::connect(&postgres.url()).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_come_back_at_once_get_no_place_while_postgres_has_none() {
    let postgres = Postgres::start_with(&["fsync=off", "max_connections=60"]).await.unwrap();
    let mut clients = JoinSet::new();
    for _ in 0..20 {
        let url = postgres.url();
        clients.spawn(async move {
            loop {
                if let Ok(mut client) = PgConnection::connect(&url).await {
                    while sqlx::query("SELECT 1").execute(&mut client).await.is_ok() {}
                }
            }
        });
    }
    let occupied = postgres.occupy().await.unwrap();
    assert_eq!(occupied.count(), 60);
    let refused = PgConnection::connect(&postgres.url()).await.unwrap_err();
    assert!(refused.to_string().contains("too many clients"), "{refused}");
}

#[tokio::test]
async fn a_full_redis_refuses_what_needs_memory_and_still_reads() {
    let redis = Redis::start().await.unwrap();
    let mut connection = redis.connect().await.unwrap();
    let () = connection.set("key", "before").await.unwrap();
    redis.fill().await.unwrap();
    let refused = connection.set::<_, _, ()>("key", "during").await.unwrap_err();
    assert_eq!(refused.code(), Some("OOM"), "{refused}");
    let value: String = connection.get("key").await.unwrap();
    assert_eq!(value, "before");
    redis.unfill().await.unwrap();
    let () = connection.set("key", "after").await.unwrap();
}
