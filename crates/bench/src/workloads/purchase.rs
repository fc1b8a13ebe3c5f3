//! The whole way of the money at a steady rate, against the stand-in for Stripe: from a buyer's request to `payment:settled`
//! stored.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context, Result, ensure};
use async_nats::jetstream;
use common::{
    Service,
    event::{PaymentSettled, SettledOutcome},
};
use futures_util::future::try_join_all;
use platform::{CLUSTER, JWT_KEY, Platform};
use reqwest::Client;
use serde_json::json;
use testkit::session;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{order, sample::Figures, stats, world::now_ms};

const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
/// As the bodies of [`order::created`] have it.
const BUYER: &str = "6b02606ac30802f3896a71b3";

/// How long each purchase took, with the money captured in the end.
pub(super) async fn measure(rate: usize, seconds: u64) -> Result<Figures> {
    let builder = Platform::builder().replicas(Service::Auth, 0).replicas(Service::Tickets, 0);
    let builder = builder.replicas(Service::Expiration, 0).replicas(Service::Client, 0);
    let platform = Box::pin(builder.start()).await?;
    let count = rate * seconds as usize;
    let orders = place(&platform, count).await?;
    let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let cookie = session::of(BUYER, JWT_KEY);
    let begin = Instant::now();
    let pay = async |nth: usize, order: &String| {
        sleep_until(begin + Duration::from_secs_f64(nth as f64 / rate as f64)).await;
        let asked_ms = now_ms();
        let request = client.post(format!("{}/api/payments", platform.url())).header("cookie", &cookie);
        let answer = request.json(&json!({ "orderId": order, "token": "tok_visa" })).send().await?;
        ensure!(answer.status() == 201, "{}: {}", answer.status(), answer.text().await?);
        drop(answer.bytes().await?);
        anyhow::Ok((order.clone(), asked_ms))
    };
    let asked = try_join_all(orders.iter().enumerate().map(|(nth, order)| pay(nth, order))).await?;
    let settled = settled(&platform, count).await?;
    let took = |(order, asked_ms): &(String, i64)| {
        let at_ns = settled.get(order).with_context(|| format!("order {order} is not settled"))?;
        anyhow::Ok((at_ns - i128::from(*asked_ms) * 1_000_000) as f64 / 1e6)
    };
    // The first second is left out: everybody warms up.
    let mut took = asked.iter().skip(rate).map(took).collect::<Result<Vec<f64>>>()?;
    stats::sort(&mut took);
    let cents = platform.stripe().captured_minus_refunded("usd");
    ensure!(cents == count as i64 * 2_000, "{cents} cents were captured for {count} orders");
    Ok(Figures::default().with_lateness(&took))
}

/// Unpaid orders, each told of as if it had been placed; the answer comes when `payments` knows them.
async fn place(platform: &Platform, count: usize) -> Result<Vec<String>> {
    let due_ms = now_ms() + 15 * 60 * 1_000;
    let ids: Vec<String> = (0..).take(count).map(|number| order::id(number, due_ms)).collect();
    let told: Vec<String> = ids
        .iter()
        .map(|id| String::from_utf8_lossy(&order::created(id, &order::instant(due_ms))).into_owned())
        .collect();
    let url = platform.database_url(Service::Orders).context("orders has a database")?;
    let pool = sqlx::PgPool::connect(url).await?;
    super::platform::insert(&pool, &ids, &vec![due_ms; count], BUYER).await?;
    sqlx::query(
        "insert into outbox (subject, payload) select 'order:created', body from unnest($1) as told (body)",
    )
    .bind(&told)
    .execute(&pool)
    .await
    .context("tell of the orders")?;
    let url = platform.database_url(Service::Payments).context("payments has a database")?;
    let pool = sqlx::PgPool::connect(url).await?;
    let begin = Instant::now();
    loop {
        let known: i64 = sqlx::query_scalar("select count(*) from orders").fetch_one(&pool).await?;
        if known == count as i64 {
            return Ok(ids);
        }
        ensure!(begin.elapsed() < PATIENCE, "payments knows {known} of {count} orders after {PATIENCE:?}");
        sleep(LOOK).await;
    }
}

/// When the money of each order was told to be captured, in ns.
async fn settled(platform: &Platform, count: usize) -> Result<HashMap<String, i128>> {
    let jetstream = jetstream::new(async_nats::connect(platform.nats().url()).await?);
    let begin = Instant::now();
    loop {
        let stream = format!("{CLUSTER}-payments");
        let messages = testkit::stored::messages(&jetstream, &stream, "payment:settled").await?;
        if messages.len() == count {
            let read = |message: async_nats::jetstream::message::StreamMessage| {
                let event: PaymentSettled = serde_json::from_slice(&message.payload)?;
                ensure!(
                    event.outcome == SettledOutcome::Captured,
                    "payment {} is {}",
                    event.id,
                    event.outcome
                );
                Ok((event.order_id.as_str().to_owned(), message.time.unix_timestamp_nanos()))
            };
            return messages.into_iter().map(read).collect();
        }
        ensure!(begin.elapsed() < PATIENCE, "{} of {count} are settled after {PATIENCE:?}", messages.len());
        sleep(LOOK).await;
    }
}
