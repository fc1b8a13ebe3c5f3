//! Servers on a disk of their own: full, and after a power cut.

use std::{fs, io::Write as _};

use async_nats::jetstream;
use redis::AsyncCommands;
use sqlx::{Connection, PgConnection};
use testkit::{Disk, Host, Nats, Postgres, Redis, eventually, paths, publish};

use crate::SOON;

/// A disk, or a word that there can be none and the test sees nothing.
fn disk(megabytes: u64) -> Option<(Disk, Host)> {
    if let Err(error) = Disk::available() {
        paths::say(&format!("tests of disks are left out: {error:#}"));
        return None;
    }
    let disk = Disk::of_megabytes(megabytes).unwrap();
    let host = Host::default().with_disk(&disk);
    Some((disk, host))
}

fn mounts() -> String {
    fs::read_to_string("/proc/mounts").unwrap()
}

async fn set(redis: &Redis, key: &str, value: &str) -> redis::RedisResult<()> {
    redis.connect().await.unwrap().set(key, value).await
}

#[test]
fn a_disk_is_filled_to_the_last_byte_and_unmounted_when_it_is_dropped() {
    let Some((disk, host)) = disk(200) else { return };
    let path = disk.path();
    assert!(mounts().contains(&*path.to_string_lossy()));
    let free = disk.free_bytes().unwrap();
    assert!((150 << 20..200 << 20).contains(&free), "{free} bytes");
    disk.fill().unwrap();
    assert_eq!(disk.free_bytes().unwrap(), 0);
    let error = fs::write(path.join("file"), "more").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    disk.free().unwrap();
    fs::write(path.join("file"), "more").unwrap();
    drop(disk);
    assert!(mounts().contains(&*path.to_string_lossy()), "a server that is to be started has it still");
    drop(host);
    assert!(!mounts().contains(&*path.to_string_lossy()));
}

#[test]
fn a_power_cut_loses_what_was_not_synced() {
    let Some((disk, _host)) = disk(16) else { return };
    let mut synced = fs::File::create(disk.path().join("synced")).unwrap();
    synced.write_all(b"kept").unwrap();
    synced.sync_all().unwrap();
    fs::write(disk.path().join("not synced"), "lost").unwrap();
    drop(synced);
    disk.cut_power().unwrap();
    assert_eq!(fs::read(disk.path().join("synced")).unwrap(), b"kept");
    assert!(!disk.path().join("not synced").exists());
}

#[tokio::test]
async fn redis_on_a_full_disk_refuses_what_it_can_t_log_until_there_is_space() {
    let Some((disk, host)) = disk(16) else { return };
    let redis = Redis::start_on(&host, &["--appendonly", "yes"]).await.unwrap();
    set(&redis, "key", "before").await.unwrap();
    disk.fill().unwrap();
    let large = "x".repeat(10_000);
    eventually("it refuses", SOON, async || match set(&redis, "large", &large).await {
        Ok(()) => Err("it takes what it has no space for".to_owned()),
        Err(error) => Ok(error),
    })
    .await;
    disk.free().unwrap();
    eventually("it takes it", SOON, async || {
        set(&redis, "key", "after").await.map_err(|error| error.to_string())
    })
    .await;
    redis.kill().await.unwrap();
    redis.restart().await.unwrap();
    let value: String = redis.connect().await.unwrap().get("key").await.unwrap();
    assert_eq!(value, "after");
}

#[tokio::test]
async fn redis_after_a_power_cut_has_what_it_synced_and_nothing_else() {
    let Some((disk, host)) = disk(16) else { return };
    let redis = Redis::start_on(&host, &["--appendonly", "yes", "--appendfsync", "always"]).await.unwrap();
    set(&redis, "key", "synced").await.unwrap();
    let mut relaxed = redis::cmd("CONFIG");
    relaxed.arg("SET").arg("appendfsync").arg("no");
    relaxed.exec_async(&mut redis.connect().await.unwrap()).await.unwrap();
    set(&redis, "key", "not synced").await.unwrap();
    redis.kill().await.unwrap();
    disk.cut_power().unwrap();
    redis.restart().await.unwrap();
    let value: String = redis.connect().await.unwrap().get("key").await.unwrap();
    assert_eq!(value, "synced");
}

async fn stream(nats: &Nats) -> jetstream::Context {
    let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let stream = jetstream::stream::Config {
        name: "kept".into(),
        subjects: vec!["kept".into()],
        ..Default::default()
    };
    jetstream.create_stream(stream).await.unwrap();
    jetstream
}

async fn messages(jetstream: &jetstream::Context) -> Result<u64, String> {
    let stream = jetstream.get_stream("kept").await.map_err(|error| error.to_string())?;
    Ok(stream.cached_info().state.messages)
}

#[expect(clippy::disallowed_methods, reason = "what is refused must not be sent again")]
async fn publish_once(jetstream: &jetstream::Context, body: Vec<u8>) -> Result<(), String> {
    let sent = jetstream.publish("kept", body.into()).await.map_err(|error| error.to_string())?;
    sent.await.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn nats_on_a_full_disk_refuses_what_it_can_t_store_and_keeps_what_it_has() {
    let Some((disk, host)) = disk(32) else { return };
    let nats = Nats::start_on(&host, "").await.unwrap();
    let jetstream = stream(&nats).await;
    publish(&jetstream, "kept", b"before").await;
    disk.fill().unwrap();
    eventually("it refuses", SOON, async || match publish_once(&jetstream, vec![0; 100_000]).await {
        Ok(()) => Err("it takes what it has no space for".to_owned()),
        Err(error) => Ok(error),
    })
    .await;
    disk.free().unwrap();
    nats.restart().await.unwrap();
    publish(&jetstream, "kept", b"after").await;
    let count = eventually("it counts", SOON, async || messages(&jetstream).await).await;
    assert!(count >= 2, "{count}");
}

#[tokio::test]
async fn nats_after_a_power_cut_has_lost_what_it_acknowledged() {
    let Some((disk, host)) = disk(32) else { return };
    let nats = Nats::start_on(&host, "").await.unwrap();
    let jetstream = stream(&nats).await;
    let () = rustix::fs::sync();
    publish(&jetstream, "kept", b"acknowledged").await;
    assert_eq!(messages(&jetstream).await, Ok(1));
    nats.kill().await.unwrap();
    disk.cut_power().unwrap();
    nats.restart().await.unwrap();
    let count = eventually("it counts", SOON, async || messages(&jetstream).await).await;
    assert_eq!(count, 0);
}

async fn insert(url: &str) -> Result<(), sqlx::Error> {
    let mut session = PgConnection::connect(url).await?;
    let rows = "INSERT INTO kept SELECT repeat('x', 1000) FROM generate_series(1, 10000)";
    sqlx::query(rows).execute(&mut session).await.map(drop)
}

#[tokio::test]
async fn postgres_on_a_full_disk_refuses_what_it_can_t_store_and_keeps_what_it_has() {
    let Some((disk, host)) = disk(256) else { return };
    let postgres = Postgres::start_on(&host, &["fsync=off"]).await.unwrap();
    let database = postgres.database().await.unwrap();
    let mut session = PgConnection::connect(database.url()).await.unwrap();
    sqlx::query("CREATE TABLE kept (text text)").execute(&mut session).await.unwrap();
    insert(database.url()).await.unwrap();
    disk.fill().unwrap();
    eventually("it refuses", SOON, async || match insert(database.url()).await {
        Ok(()) => Err("it takes what it has no space for".to_owned()),
        Err(error) => Ok(error),
    })
    .await;
    disk.free().unwrap();
    // It may have had no space for its log, and then ends itself.
    postgres.restart().await.unwrap();
    let mut session = PgConnection::connect(database.url()).await.unwrap();
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM kept").fetch_one(&mut session).await.unwrap();
    assert!(count > 0 && count % 10_000 == 0, "{count}");
    insert(database.url()).await.unwrap();
}
