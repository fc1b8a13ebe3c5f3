//! Postgres as in production, and `orders` on it, for the workloads that go on to `order:cancelled`.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context, Result, ensure};
use common::event::{Event, Id, OrderCancelled};
use sqlx::{PgPool, postgres::PgPoolOptions};
use testkit::{Database, Postgres, ServiceProcess};

use crate::{
    fired::read_all,
    order, stats,
    world::{CLUSTER, World},
};

const READY: Duration = Duration::from_secs(30);

/// A database with the schema of `orders`, which waits for the disk.
pub(super) struct Platform {
    // Fields are dropped in this order.
    pool: PgPool,
    database: Database,
    _postgres: Postgres,
}

impl Platform {
    /// Starts Postgres, and `orders` once, which makes its schema.
    pub(super) async fn new(world: &World) -> Result<Self> {
        let postgres = Postgres::start_durable().await?;
        let database = postgres.database().await?;
        let pool = PgPoolOptions::new().max_connections(2).connect(database.url()).await?;
        let platform = Self { pool, database, _postgres: postgres };
        let orders = platform.start_orders(world).await?;
        orders.terminate()?;
        orders.wait_exit(READY).await?;
        Ok(platform)
    }

    /// Starts `orders` and waits until it is ready.
    pub(super) async fn start_orders(&self, world: &World) -> Result<ServiceProcess> {
        let orders = self.spawn_orders(world).await?;
        orders.ready(READY).await?;
        Ok(orders)
    }

    /// Starts `orders`.
    pub(super) async fn spawn_orders(&self, world: &World) -> Result<ServiceProcess> {
        ServiceProcess::command("orders")
            .env("NATS_URL", world.nats.url())
            .env("NATS_CLUSTER_ID", CLUSTER)
            .env("DATABASE_URL", self.database.url())
            .env("JWT_KEY", "bench")
            .spawn()
            .await
    }

    /// Puts unpaid orders into Postgres, each of a ticket of its own, with the ids that carry these due times.
    pub(super) async fn place(&self, due_ms: &[i64]) -> Result<Vec<String>> {
        let ids: Vec<String> = (0..).zip(due_ms).map(|(number, due)| order::id(number, *due)).collect();
        for (ids, due_ms) in ids.chunks(10_000).zip(due_ms.chunks(10_000)) {
            insert(&self.pool, ids, due_ms, "bench").await?;
        }
        // As in a database that has been there for longer than a second.
        sqlx::query("analyze").execute(&self.pool).await.context("analyze")?;
        sqlx::query("checkpoint").execute(&self.pool).await.context("checkpoint")?;
        Ok(ids)
    }

    /// When each `order:cancelled` was stored, in ns; checks that each order has one, that none was cancelled
    /// early, and that nothing is left in the outbox.
    pub(super) async fn cancelled(&self, world: &World, expected: usize) -> Result<HashMap<String, i128>> {
        let told = told_once::<OrderCancelled>(world, expected, |event| &event.id).await?;
        let (right, outbox): (i64, i64) = sqlx::query_as(
            "select (select count(*) from orders where status = 'cancelled' and cancelled_at >= expires_at),
                    (select count(*) from outbox)",
        )
        .fetch_one(&self.pool)
        .await?;
        ensure!(right == expected as i64, "{right} of {expected} rows are cancelled, and not early");
        ensure!(outbox == 0, "{outbox} events are left in the outbox");
        Ok(told)
    }
}

/// Unpaid orders of one buyer, each of a ticket of its own.
pub(super) async fn insert(pool: &PgPool, ids: &[String], due_ms: &[i64], buyer: &str) -> Result<()> {
    sqlx::query("insert into tickets (id, version, title, price) select id, 0, 'a seat', 20 from unnest($1) as ids (id)")
        .bind(ids)
        .execute(pool)
        .await
        .context("create tickets")?;
    sqlx::query(
        "insert into orders (id, ticket_id, user_id, expires_at)
         select id, id, $3, 'epoch'::timestamptz + due_ms * interval '1 millisecond'
         from unnest($1, $2) as placed (id, due_ms)",
    )
    .bind(ids)
    .bind(due_ms)
    .bind(buyer)
    .execute(pool)
    .await
    .context("place orders")?;
    Ok(())
}

/// When the event of each order was stored, in ns; checks that each order has one.
pub(super) async fn told_once<E: Event>(
    world: &World,
    expected: usize,
    order: impl Fn(&E) -> &Id,
) -> Result<HashMap<String, i128>> {
    let mut told = HashMap::with_capacity(expected);
    for message in read_all(world, E::SUBJECT.publisher()).await? {
        if message.subject != E::SUBJECT.as_str() {
            continue;
        }
        let event: E = serde_json::from_slice(&message.body)?;
        let order = order(&event);
        let again = told.insert(order.as_str().to_owned(), message.at_ns);
        ensure!(again.is_none(), "{} of order {order} was stored twice", E::SUBJECT);
    }
    ensure!(told.len() == expected, "{} of {expected} have their {}", told.len(), E::SUBJECT);
    Ok(told)
}

/// The rate from `started_ms` to the last of these.
pub(super) fn per_second(told: &HashMap<String, i128>, started_ms: i64) -> Result<f64> {
    let last_ns = told.values().max().copied().context("nothing was told")?;
    Ok(told.len() as f64 / ((last_ns - i128::from(started_ms) * 1_000_000) as f64 / 1e9))
}

/// How long after its cause each was told, in ms and sorted. The first `skipped` are left out: everybody warms up.
pub(super) fn added(
    told: HashMap<String, i128>,
    causes: &HashMap<String, i128>,
    skipped: usize,
) -> Result<Vec<f64>> {
    let mut told: Vec<(String, i128)> = told.into_iter().collect();
    told.sort_by_key(|(_, at_ns)| *at_ns);
    let added = |(id, at_ns): &(String, i128)| {
        let from_ns = causes.get(id).with_context(|| format!("what is told of order {id} has no cause"))?;
        anyhow::Ok((at_ns - from_ns) as f64 / 1e6)
    };
    let mut added = told.iter().skip(skipped).map(added).collect::<Result<Vec<f64>>>()?;
    stats::sort(&mut added);
    Ok(added)
}

/// How many orders the second timer had to catch.
pub(super) async fn swept(orders: &ServiceProcess) -> Result<f64> {
    let (_, metrics) = orders.get("/metrics").await?;
    let line = metrics.lines().find_map(|line| line.strip_prefix("orders_swept_total "));
    line.and_then(|value| value.parse().ok()).context("orders_swept_total is missing")
}
