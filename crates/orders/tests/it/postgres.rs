//! The database that goes away, hangs, or is shared with other versions and replicas.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use orders::{
    order::Expiry,
    store::{SCHEMA, Store},
    watermark::Watermark,
};
use outbox::Wake;
use postgres::{Database, Failure};
use testkit::Postgres;

use crate::world::{World, wish};

fn database(url: &str) -> Database {
    Database::new(url.parse().unwrap(), "orders-test", 4)
}

fn store(url: &str) -> Store {
    Store::new(database(url), Wake::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_together_apply_the_schema_once() {
    let shared = Postgres::shared().await.unwrap().database().await.unwrap();
    let replicas: Vec<Database> = (0..6).map(|_| database(shared.url())).collect();
    for migrated in join_all(replicas.iter().map(|replica| postgres::migrate(replica, &SCHEMA))).await {
        migrated.unwrap();
    }
    let wish = wish(&"nothing".parse().unwrap());
    assert_eq!(store(shared.url()).place(&wish).await.unwrap(), orders::store::Placed::UnknownTicket);
}

#[tokio::test]
async fn a_version_whose_database_a_newer_one_has_migrated_still_starts() {
    let world = World::new().await;
    for ledger in ["orders_migrations", "outbox_migrations"] {
        let newer = format!(
            "insert into {ledger} (version, description, success, checksum, execution_time) values (9999, 'newer', true, '', 0)"
        );
        sqlx::query(sqlx::AssertSqlSafe(newer)).execute(&world.pool).await.unwrap();
    }
    postgres::migrate(&world.database, &SCHEMA).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_changes_its_type_under_load_fails_no_request() {
    let world = World::new().await;
    let order = world.overdue(Duration::from_secs(1)).await;
    // Every connection of the pool has prepared the statement.
    let read = || async { world.store.find(&order.id).await.map(drop) };
    for asked in join_all((0..16).map(|_| read())).await {
        asked.unwrap();
    }
    for kind in ["varchar(100)", "text"] {
        let alter = format!("alter table tickets alter column title type {kind}");
        sqlx::query(sqlx::AssertSqlSafe(alter)).execute(&world.pool).await.unwrap();
        for asked in join_all((0..16).map(|_| read())).await {
            asked.unwrap();
        }
    }
}

#[tokio::test]
async fn a_role_without_rights_is_unavailable_and_no_fault_of_what_is_asked() {
    let world = World::new().await;
    let order = world.overdue(Duration::from_secs(1)).await;
    let role = format!("poor_{}", common::event::Id::generate());
    let create = format!("create role {role} login password 'x'");
    sqlx::query(sqlx::AssertSqlSafe(create)).execute(&world.pool).await.unwrap();
    let options = (*world.pool.connect_options()).clone().username(&role).password("x");
    let poor = Store::new(Database::new(options.into(), "orders-test", 1), Wake::default());
    let error = poor.find(&order.id).await.unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
    assert_eq!(Failure::of(&error), Failure::Unavailable, "{error}");
}

#[tokio::test]
async fn a_store_without_its_schema_is_unavailable() {
    let database = Postgres::shared().await.unwrap().database().await.unwrap();
    let error = store(database.url()).overdue(Duration::ZERO, 1).await.unwrap_err();
    assert_eq!(Failure::of(&error), Failure::Unavailable, "{error}");
}

#[tokio::test]
async fn a_postgres_that_hangs_is_unavailable_within_a_limit_and_used_again_afterwards() {
    let postgres = Postgres::start().await.unwrap();
    let world = World::on(&postgres).await;
    let order = world.overdue(Duration::from_secs(1)).await;
    postgres.pause().unwrap();
    let asked = Instant::now();
    let error = world.store.find(&order.id).await.unwrap_err();
    assert_eq!(Failure::of(&error), Failure::Unavailable, "{error}");
    assert!(asked.elapsed() < Duration::from_secs(14), "{:?}", asked.elapsed());
    postgres.resume().unwrap();
    testkit::eventually("the order is found", Duration::from_secs(10), async || {
        world.store.find(&order.id).await.map_err(|error| error.to_string())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_killed_under_load_loses_no_order_and_cancels_none_twice() {
    const ORDERS: usize = 2_000;
    let postgres = Postgres::start().await.unwrap();
    let world = World::on(&postgres).await;
    let ids = world.many_overdue(ORDERS as i64, Duration::from_secs(1)).await;
    let workers = join_all(ids.chunks(ORDERS / 4).map(async |ids| {
        for batch in ids.chunks(5) {
            expire_until_done(&world.store, batch).await;
        }
    }));
    tokio::join!(workers, kill_twice(&world, &postgres, ORDERS));
    assert_eq!(world.count("cancelled").await, ORDERS as i64);
    assert_eq!(world.published("order:cancelled").await.len(), ORDERS);
}

async fn kill_twice(world: &World, postgres: &Postgres, orders: usize) {
    for share in [orders / 8, orders / 2] {
        let cancelled =
            async || match sqlx::query_scalar("select count(*) from orders where status = 'cancelled'")
                .fetch_one(&world.pool)
                .await
            {
                Ok(count @ 0_i64..) if count >= share as i64 => Ok(()),
                other => Err(format!("{other:?}")),
            };
        testkit::eventually("a part is cancelled", Duration::from_secs(30), cancelled).await;
        postgres.kill().await.unwrap();
        postgres.restart().await.unwrap();
    }
}

/// As the consumer loop does: again, for as long as Postgres is away.
async fn expire_until_done(store: &Store, orders: &[common::event::Id]) {
    testkit::eventually("a batch is settled", Duration::from_secs(60), async || {
        match store.expire(orders, Watermark::Waived).await {
            Ok(answers) => {
                assert!(answers.values().all(|answer| matches!(answer, Expiry::Cancels | Expiry::Settled)));
                Ok(())
            }
            Err(error) => {
                assert_eq!(Failure::of(&error), Failure::Unavailable, "{error}");
                Err(error.to_string())
            }
        }
    })
    .await;
}
