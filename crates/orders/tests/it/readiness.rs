//! What `/readyz` says of the database, and what still works meanwhile.

use std::time::Duration;

use common::event::Id;
use futures_util::future::join_all;
use postgres::Database;
use sqlx::{AssertSqlSafe, PgPool};
use testkit::{Nats, Postgres, ServiceProcess, TransactionPooler, eventually};

use crate::{
    api::session,
    platform::{READY, command},
    world::World,
};

/// Waits until `/readyz` answers with this status and these words.
async fn says(orders: &ServiceProcess, status: u16, words: &str) {
    eventually("the probe says so", READY, async || {
        let (found, body) = orders.get("/readyz").await.map_err(|error| format!("{error:#}"))?;
        if found == status && body.contains(words) { Ok(()) } else { Err(format!("{found} {body}")) }
    })
    .await;
}

async fn status(orders: &ServiceProcess, method: reqwest::Method, body: &str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.request(method, format!("{}/api/orders", orders.http_url()));
    let request = request.header("cookie", session("u-1")).header("content-type", "application/json");
    request.body(body.to_owned()).send().await.unwrap().status().as_u16()
}

async fn lists(orders: &ServiceProcess) -> u16 {
    status(orders, reqwest::Method::GET, "").await
}

async fn orders_a_ticket(orders: &ServiceProcess, ticket: &Id) -> u16 {
    status(orders, reqwest::Method::POST, &format!(r#"{{"ticketId":"{ticket}"}}"#)).await
}

async fn metric(orders: &ServiceProcess, series: &str) -> Option<f64> {
    let (_, text) = orders.get("/metrics").await.unwrap();
    text.lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
        .map(|value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_are_answered_while_requests_have_taken_every_connection_and_those_are_told_in_time() {
    let nats = Nats::start().await.unwrap();
    let world = World::new().await;
    let orders = command(&nats, world.database_url(), "15m").spawn().await.unwrap();
    orders.ready(READY).await.unwrap();
    let mut tickets = Vec::new();
    for _ in 0..50 {
        tickets.push(world.ticket().await);
    }
    let mut held = world.pool.begin().await.unwrap();
    sqlx::raw_sql("lock table orders in access exclusive mode").execute(&mut *held).await.unwrap();
    let started = std::time::Instant::now();
    let buyers = join_all(tickets.iter().map(async |ticket| {
        let status = orders_a_ticket(&orders, ticket).await;
        (status, started.elapsed())
    }));
    let probes = async {
        world.blocked(10).await;
        loop {
            let (status, body) = orders.get("/readyz").await.unwrap();
            assert_eq!(status, 200, "{body}");
        }
    };
    let buyers = tokio::select! {
        buyers = buyers => buyers,
        never = probes => never,
    };
    held.rollback().await.unwrap();
    for (status, took) in buyers {
        assert!(status == 503 && took < Duration::from_secs(10), "{status} after {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_read_only_still_serves_reads_and_the_probe_says_what_does_not_work() {
    let nats = Nats::start().await.unwrap();
    let postgres = Postgres::start().await.unwrap();
    let world = World::on(&postgres).await;
    let ticket = world.ticket().await;
    let orders = command(&nats, world.database_url(), "15m").spawn().await.unwrap();
    orders.ready(READY).await.unwrap();
    says(&orders, 200, "ok").await;
    let make = async |read_only: &str| {
        let admin = PgPool::connect(&postgres.url()).await.unwrap();
        for sql in [
            format!("alter system set default_transaction_read_only = {read_only}"),
            "select pg_reload_conf()".to_owned(),
        ] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&admin).await.unwrap();
        }
    };
    make("on").await;
    says(&orders, 200, "postgres for writing is not ready: the server is read-only").await;
    assert_eq!(metric(&orders, r#"dependency_ready{dependency="postgres for writing"}"#).await, Some(0.0));
    assert_eq!((lists(&orders).await, orders_a_ticket(&orders, &ticket).await), (200, 503));
    make("off").await;
    eventually("it is as before", READY, async || {
        let (status, body) = orders.get("/readyz").await.map_err(|error| format!("{error:#}"))?;
        if (status, body.trim()) == (200, "ok") { Ok(()) } else { Err(format!("{status} {body}")) }
    })
    .await;
    assert_eq!(orders_a_ticket(&orders, &ticket).await, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_lost_its_rights_is_told_by_the_probe_with_the_tables() {
    let nats = Nats::start().await.unwrap();
    let postgres = Postgres::shared().await.unwrap();
    let role = format!("owner_{}", Id::generate());
    let admin = PgPool::connect(&postgres.url()).await.unwrap();
    for sql in [
        format!("create role {role} login"),
        format!("create database {role} owner {role} template template0"),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&admin).await.unwrap();
    }
    let url = format!("postgres://{role}@127.0.0.1:{}/{role}", postgres.port());
    let orders = command(&nats, &url, "15m").spawn().await.unwrap();
    orders.ready(READY).await.unwrap();
    let owner = PgPool::connect(&url).await.unwrap();
    let revoke = format!("revoke insert on outbox, orders from {role}");
    sqlx::query(AssertSqlSafe(revoke)).execute(&owner).await.unwrap();
    says(&orders, 200, "postgres for writing is not ready: this role may not write to orders, outbox").await;
    assert_eq!(lists(&orders).await, 200);
    let revoke = format!("revoke select on orders from {role}");
    sqlx::query(AssertSqlSafe(revoke)).execute(&owner).await.unwrap();
    says(&orders, 503, "postgres is not ready: this role may not read orders").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_in_transaction_mode_is_refused_with_the_reason() {
    let nats = Nats::start().await.unwrap();
    let database = Postgres::shared().await.unwrap().database().await.unwrap();
    let pooler = TransactionPooler::start(database.url()).await.unwrap();
    let orders = command(&nats, pooler.url(), "15m").spawn().await.unwrap();
    says(&orders, 503, "a pooler in transaction mode, where sessions do not last: set pool_mode = session")
        .await;
    let direct = PgPool::connect(database.url()).await.unwrap();
    let tables: i64 = sqlx::query_scalar("select count(*) from pg_tables where schemaname = 'public'")
        .fetch_one(&direct)
        .await
        .unwrap();
    assert_eq!(tables, 0, "nothing was begun");
}

#[tokio::test]
async fn every_connection_has_the_time_limits_and_the_isolation_that_the_statements_are_written_for() {
    let world = World::new().await;
    let name = world.pool.connect_options().get_database().unwrap().to_owned();
    let alter = format!("alter database {name} set default_transaction_isolation = serializable");
    sqlx::query(AssertSqlSafe(alter)).execute(&world.pool).await.unwrap();
    let mut connection = world.database.connection().await.unwrap();
    for (setting, expected) in [
        ("statement_timeout", "5s"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "30s"),
        ("tcp_keepalives_idle", "10"),
        ("transaction_isolation", "read committed"),
    ] {
        let show = sqlx::query_scalar(AssertSqlSafe(format!("show {setting}")));
        let found: String = show.fetch_one(&mut *connection).await.unwrap();
        assert_eq!(found, expected, "{setting}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_hosts_the_one_that_takes_writes_is_used_and_the_next_when_it_dies() {
    let nats = Nats::start().await.unwrap();
    let (first, second) = (Postgres::start().await.unwrap(), Postgres::start().await.unwrap());
    let admin = PgPool::connect(&first.url()).await.unwrap();
    let nowhere = testkit::free_port().unwrap();
    for server in [&first, &second] {
        server.database_named("orders").await.unwrap();
        let url = format!("postgres://postgres@127.0.0.1:{}/orders", server.port());
        let database = Database::new(url.parse().unwrap(), "test", 2);
        postgres::migrate(&database, &orders::store::SCHEMA).await.unwrap();
    }
    // As a standby: it is asked first, and refuses writes.
    for sql in ["alter system set default_transaction_read_only = on", "select pg_reload_conf()"] {
        sqlx::raw_sql(sql).execute(&admin).await.unwrap();
    }
    let url = format!(
        "postgres://postgres@127.0.0.1:{nowhere},127.0.0.1:{},127.0.0.1:{}/orders?target_session_attrs=read-write",
        first.port(),
        second.port()
    );
    let orders = command(&nats, &url, "15m").spawn().await.unwrap();
    orders.ready(READY).await.unwrap();
    says(&orders, 200, "ok\n").await;
    let sells = async |server: &Postgres| {
        let url = format!("postgres://postgres@127.0.0.1:{}/orders", server.port());
        let pool = PgPool::connect(&url).await.unwrap();
        let ticket = Id::generate();
        sqlx::query("insert into tickets values ($1, 0, 'seat', 20)")
            .bind(ticket.as_str())
            .execute(&pool)
            .await
            .unwrap();
        ticket
    };
    let ticket = sells(&second).await;
    assert_eq!(orders_a_ticket(&orders, &ticket).await, 201);

    // The standby takes over.
    for sql in ["alter system set default_transaction_read_only = off", "select pg_reload_conf()"] {
        sqlx::raw_sql(sql).execute(&admin).await.unwrap();
    }
    second.kill().await.unwrap();
    let ticket = sells(&first).await;
    eventually("orders go to the other host", READY, async || {
        match orders_a_ticket(&orders, &ticket).await {
            201 => Ok(()),
            other => Err(format!("{other}")),
        }
    })
    .await;
    says(&orders, 200, "ok\n").await;
}
