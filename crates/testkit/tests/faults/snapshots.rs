//! An older copy of a server's files, put back: what came after it is gone, what came before it is there.

use redis::AsyncCommands;
use sqlx::{Connection, PgConnection};
use testkit::{Nats, Postgres, Redis, publish};

async fn messages(nats: &Nats) -> u64 {
    let jetstream = async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    jetstream.get_stream("kept").await.unwrap().cached_info().state.messages
}

#[tokio::test]
async fn nats_with_older_files_has_lost_what_it_acknowledged_since() {
    let nats = Nats::start().await.unwrap();
    let client = async_nats::connect(nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let stream = async_nats::jetstream::stream::Config {
        name: "kept".into(),
        subjects: vec!["kept".into()],
        ..Default::default()
    };
    jetstream.create_stream(stream).await.unwrap();
    publish(&jetstream, "kept", b"before").await;
    let older = nats.snapshot_files().await.unwrap();
    publish(&jetstream, "kept", b"after").await;
    assert_eq!(messages(&nats).await, 2, "a copy leaves the server running");
    nats.restore_files(&older).await.unwrap();
    assert_eq!(messages(&nats).await, 1);
}

#[tokio::test]
async fn redis_with_older_files_has_what_it_had_then() {
    let redis = Redis::start_with(&["--appendonly", "yes"]).await.unwrap();
    let () = redis.connect().await.unwrap().set("key", "before").await.unwrap();
    let older = redis.snapshot_files().await.unwrap();
    let () = redis.connect().await.unwrap().set("key", "after").await.unwrap();
    redis.restart().await.unwrap();
    let now: String = redis.connect().await.unwrap().get("key").await.unwrap();
    assert_eq!(now, "after");
    redis.restore_files(&older).await.unwrap();
    let now: String = redis.connect().await.unwrap().get("key").await.unwrap();
    assert_eq!(now, "before");
}

#[tokio::test]
async fn postgres_is_copied_while_it_is_paused_or_stopped_and_stays_so() {
    let postgres = Postgres::start().await.unwrap();
    let database = postgres.database().await.unwrap();
    let mut session = PgConnection::connect(database.url()).await.unwrap();
    sqlx::query("CREATE TABLE kept (n bigint)").execute(&mut session).await.unwrap();
    postgres.pause().unwrap();
    let paused = postgres.snapshot_files().await.unwrap();
    postgres.resume().unwrap();
    sqlx::query("INSERT INTO kept VALUES (1)").execute(&mut session).await.unwrap();
    postgres.stop().await.unwrap();
    let stopped = postgres.snapshot_files().await.unwrap();
    assert!(!postgres.is_running());
    for (copy, rows) in [(paused, 0), (stopped, 1)] {
        postgres.restore_files(&copy).await.unwrap();
        let mut session = PgConnection::connect(database.url()).await.unwrap();
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM kept").fetch_one(&mut session).await.unwrap();
        assert_eq!(count, rows);
    }
}
