//! `orders` alone: from `payment:created` stored to `order:completed` stored.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use common::{
    Service,
    event::{OrderCompleted, PaymentCreated, Subject},
};

use super::platform::Platform;
use crate::{
    fired::read_all,
    load::Load,
    sample::Figures,
    stats,
    usage::Usage,
    world::{World, now_ms},
};

const PATIENCE: Duration = Duration::from_secs(20);
/// Nothing expires meanwhile.
const WINDOW_MS: i64 = 15 * 60 * 1_000;

/// All wait in the stream when the process starts: orders a second, until the last is told.
pub(super) async fn backlog(count: usize) -> Result<Figures> {
    let world = World::new().await?;
    let platform = Platform::new(&world).await?;
    let ids = platform.place(&vec![now_ms() + WINDOW_MS; count]).await?;
    let mut load = Load::new(&world).await?;
    for id in &ids {
        pay(&mut load, id).await?;
    }
    load.settle().await?;
    let started_ms = now_ms();
    let orders = platform.spawn_orders(&world).await?;
    world.until_stored(Subject::OrderCompleted, count, PATIENCE).await?;
    let cpu = Usage::of(orders.pid())?.cpu_s;
    let told = completed(&world, count).await?;
    let last_ns = told.values().max().copied().context("nothing was completed")?;
    let took_s = (last_ns - i128::from(started_ms) * 1_000_000) as f64 / 1e9;
    Ok(Figures::default()
        .with("per_second", count as f64 / took_s)
        .with("worker_us", cpu * 1e6 / count as f64))
}

/// The latency that `orders` adds, at a steady rate.
pub(super) async fn steady(rate: usize, seconds: u64) -> Result<Figures> {
    let world = World::new().await?;
    let platform = Platform::new(&world).await?;
    let count = rate * seconds as usize;
    let ids = platform.place(&vec![now_ms() + WINDOW_MS; count]).await?;
    let _orders = platform.start_orders(&world).await?;
    let mut load = Load::new(&world).await?;
    let begin = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    for (number, id) in ids.iter().enumerate() {
        while begin.elapsed().as_secs_f64() * (rate as f64) < number as f64 {
            ticks.tick().await;
        }
        pay(&mut load, id).await?;
    }
    load.settle().await?;
    world.until_stored(Subject::OrderCompleted, count, PATIENCE).await?;
    let told = completed(&world, count).await?;
    let mut stored = HashMap::with_capacity(count);
    for message in read_all(&world, Service::Payments).await? {
        let event: PaymentCreated = serde_json::from_slice(&message.body)?;
        stored.insert(event.order_id.as_str().to_owned(), message.at_ns);
    }
    let mut told: Vec<(String, i128)> = told.into_iter().collect();
    told.sort_by_key(|(_, at_ns)| *at_ns);
    let added = |(id, at_ns): &(String, i128)| {
        let from_ns =
            stored.get(id).with_context(|| format!("order {id} was completed without a payment"))?;
        anyhow::Ok((at_ns - from_ns) as f64 / 1e6)
    };
    // The first second is left out: everybody warms up.
    let mut latency = told.iter().skip(rate).map(added).collect::<Result<Vec<f64>>>()?;
    stats::sort(&mut latency);
    Ok(Figures::default().with_lateness(&latency))
}

async fn pay(load: &mut Load, order: &str) -> Result<()> {
    let body = format!(r#"{{"id":"{order}","orderId":"{order}","stripeId":"pi_3OabcDEF"}}"#);
    load.send(Subject::PaymentCreated, &format!("payment:created:{order}"), body.into()).await
}

/// When each `order:completed` was stored, in ns; checks that each order has one.
async fn completed(world: &World, expected: usize) -> Result<HashMap<String, i128>> {
    let mut told = HashMap::with_capacity(expected);
    for message in read_all(world, Service::Orders).await? {
        if message.subject != Subject::OrderCompleted.as_str() {
            continue;
        }
        let event: OrderCompleted = serde_json::from_slice(&message.body)?;
        let again = told.insert(event.id.as_str().to_owned(), message.at_ns);
        ensure!(again.is_none(), "order {} was completed twice", event.id);
    }
    ensure!(told.len() == expected, "{} of {expected} orders were completed", told.len());
    Ok(told)
}
