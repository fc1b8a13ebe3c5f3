//! Each server for real: started, paused, killed, restarted with its data, wiped and dropped.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

use redis::AsyncCommands;
use sqlx::{Connection, PgConnection};
use testkit::{Nats, Postgres, Redis, Server, eventually, free_port};

const SOON: Duration = Duration::from_secs(10);

fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn exists(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

async fn pong(url: &str) -> Result<String, String> {
    let client = redis::Client::open(url).map_err(|error| error.to_string())?;
    let mut redis = client.get_multiplexed_async_connection().await.map_err(|error| error.to_string())?;
    redis::cmd("PING").query_async(&mut redis).await.map_err(|error| error.to_string())
}

async fn value_of(redis: &Redis, key: &str) -> Option<String> {
    redis.connect().await.unwrap().get(key).await.unwrap()
}

async fn set(redis: &Redis, key: &str, value: &str) {
    let () = redis.connect().await.unwrap().set(key, value).await.unwrap();
}

async fn jetstream(nats: &Nats) -> async_nats::jetstream::Context {
    async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap())
}

async fn query(url: &str, sql: &'static str) -> sqlx::Result<i64> {
    sqlx::query_scalar(sql).fetch_one(&mut PgConnection::connect(url).await?).await
}

async fn execute(url: &str, sql: &'static str) {
    sqlx::query(sql).execute(&mut PgConnection::connect(url).await.unwrap()).await.unwrap();
}

/// Killed and dropped, a server leaves neither a process nor a listener.
async fn comes_and_goes(server: &Server) {
    let (port, pid) = (server.port(), server.pid());
    assert!(listens(port) && exists(pid) && server.is_running());
    server.kill().await.unwrap();
    assert!(!listens(port) && !exists(pid) && !server.is_running());
    server.restart().await.unwrap();
    assert_ne!(server.pid(), pid);
    server.stop().await.unwrap();
    assert!(!listens(port) && !server.is_running());
    server.restart().await.unwrap();
    assert!(listens(port), "it comes back on the same port");
}

#[tokio::test]
async fn nats_keeps_its_streams_over_a_kill_and_loses_them_when_wiped() {
    let nats = Nats::start().await.unwrap();
    let stream = async_nats::jetstream::stream::Config {
        name: "kept".into(),
        subjects: vec!["kept".into()],
        ..Default::default()
    };
    jetstream(&nats).await.create_stream(stream).await.unwrap();
    comes_and_goes(&nats).await;
    assert!(jetstream(&nats).await.get_stream("kept").await.is_ok());
    let port = nats.port();
    nats.wipe_and_restart().await.unwrap();
    assert_eq!(nats.port(), port);
    assert!(jetstream(&nats).await.get_stream("kept").await.is_err(), "a wiped server has no stream");
}

#[tokio::test]
async fn nats_obeys_lines_of_configuration_and_says_what_is_wrong_with_them() {
    let nats = Nats::start_with("max_payload: 2048").await.unwrap();
    let client = async_nats::connect(nats.url()).await.unwrap();
    assert_eq!(client.server_info().max_payload, 2048);
    let error = format!("{:#}", Nats::start_with("no_such_setting: 1").await.unwrap_err());
    assert!(error.contains("no_such_setting") && error.contains("exit status"), "{error}");
}

#[tokio::test]
async fn redis_with_aof_keeps_its_data_over_a_kill() {
    let redis = Redis::start_with(&["--appendonly", "yes", "--appendfsync", "always"]).await.unwrap();
    set(&redis, "key", "kept").await;
    comes_and_goes(&redis).await;
    assert_eq!(value_of(&redis, "key").await.as_deref(), Some("kept"));
}

#[tokio::test]
async fn redis_keeps_nothing_unless_told_to() {
    let redis = Redis::start().await.unwrap();
    set(&redis, "key", "gone").await;
    redis.restart().await.unwrap();
    assert_eq!(value_of(&redis, "key").await, None);
}

#[tokio::test]
async fn a_paused_redis_answers_nothing_until_it_is_resumed() {
    let redis = Redis::start().await.unwrap();
    redis.pause().unwrap();
    let silent = tokio::time::timeout(Duration::from_millis(200), pong(&redis.url())).await;
    assert!(!matches!(silent, Ok(Ok(_))), "{silent:?}");
    redis.resume().unwrap();
    eventually("redis answers again", SOON, async || pong(&redis.url()).await).await;
}

#[tokio::test]
async fn postgres_keeps_its_data_over_a_kill_with_clients_connected() {
    let postgres = Postgres::start().await.unwrap();
    let database = postgres.database().await.unwrap();
    execute(database.url(), "CREATE TABLE kept AS SELECT 7::bigint AS n").await;
    let client = PgConnection::connect(database.url()).await.unwrap();
    comes_and_goes(&postgres).await;
    assert_eq!(query(database.url(), "SELECT n FROM kept").await.unwrap(), 7);
    drop(client);
}

#[tokio::test]
async fn every_database_of_a_postgres_is_empty_at_first() {
    let postgres = Postgres::shared().await.unwrap();
    let (one, two) = (postgres.database().await.unwrap(), postgres.database().await.unwrap());
    execute(one.url(), "CREATE TABLE mine (n bigint)").await;
    assert_eq!(query(one.url(), "SELECT count(*) FROM mine").await.unwrap(), 0);
    assert!(query(two.url(), "SELECT count(*) FROM mine").await.is_err());
}

#[tokio::test]
async fn a_paused_postgres_leaves_an_open_session_without_an_answer() {
    let postgres = Postgres::start().await.unwrap();
    let mut session = PgConnection::connect(&postgres.url()).await.unwrap();
    postgres.pause().unwrap();
    let answer = {
        let question = sqlx::query("SELECT 1").execute(&mut session);
        tokio::pin!(question);
        let silent = tokio::time::timeout(Duration::from_millis(200), &mut question).await;
        assert!(silent.is_err(), "the session's own backend has to be paused too");
        postgres.resume().unwrap();
        tokio::time::timeout(SOON, question).await
    };
    assert!(answer.unwrap().is_ok(), "the same question is answered in the end");
}

#[tokio::test]
async fn a_dropped_server_is_gone_even_when_it_was_paused() {
    let nats = Nats::start().await.unwrap();
    let redis = Redis::start().await.unwrap();
    let postgres = Postgres::start().await.unwrap();
    let _session = PgConnection::connect(&postgres.url()).await.unwrap();
    postgres.pause().unwrap();
    redis.pause().unwrap();
    let servers = [(nats.port(), nats.pid()), (redis.port(), redis.pid()), (postgres.port(), postgres.pid())];
    drop((nats, redis, postgres));
    for (port, pid) in servers {
        assert!(!exists(pid) && !listens(port));
    }
}

#[tokio::test]
async fn two_servers_of_a_kind_run_beside_each_other() {
    let (one, two) = tokio::join!(Redis::start(), Redis::start());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_ne!(one.port(), two.port());
    set(&one, "key", "one").await;
    assert_eq!(value_of(&two, "key").await, None);
}

#[tokio::test]
async fn a_server_starts_fast_enough_for_one_per_test() {
    // The first of each kind looks for its binary and may even fetch it.
    let (nats, redis) = (Nats::start().await.unwrap(), Redis::start().await.unwrap());
    let begin = Instant::now();
    let _second = (Nats::start().await.unwrap(), Redis::start().await.unwrap());
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(2), "NATS and Redis together took {took:?}");
    assert!(nats.log().contains("Server is ready") && redis.log().contains("eady to accept"));
}

#[tokio::test]
async fn a_free_port_is_given_once_and_lies_below_those_of_outgoing_connections() {
    let ports: Vec<_> = (0..50).map(|_| free_port().unwrap()).collect();
    let distinct: std::collections::HashSet<_> = ports.iter().collect();
    assert_eq!(distinct.len(), ports.len());
    assert!(ports.iter().all(|port| *port < 32_768));
}
