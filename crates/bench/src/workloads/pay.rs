//! `orders` alone: from `payment:created` stored to `order:completed` stored.

use std::time::{Duration, Instant};

use anyhow::Result;
use common::event::{OrderCompleted, PaymentCreated, Subject};

use super::platform::{Platform, added, per_second, told_once};
use crate::{
    load::Load,
    sample::Figures,
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
    let told = told_once::<OrderCompleted>(&world, count, |event| &event.id).await?;
    Ok(Figures::default()
        .with("per_second", per_second(&told, started_ms)?)
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
    let told = told_once::<OrderCompleted>(&world, count, |event| &event.id).await?;
    let causes = told_once::<PaymentCreated>(&world, count, |event| &event.order_id).await?;
    let latency = added(told, &causes, rate)?;
    Ok(Figures::default().with_lateness(&latency))
}

async fn pay(load: &mut Load, order: &str) -> Result<()> {
    let body = format!(r#"{{"id":"{order}","orderId":"{order}","stripeId":"pi_3OabcDEF"}}"#);
    load.send(Subject::PaymentCreated, &format!("payment:created:{order}"), body.into()).await
}
