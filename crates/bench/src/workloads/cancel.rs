//! `orders` alone: from `expiration:complete` stored to `order:cancelled` stored.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::Result;
use common::event::{ExpirationComplete, Subject};

use super::platform::{Platform, added, per_second, swept, told_once};
use crate::{
    load::Load,
    sample::Figures,
    usage::Usage,
    world::{World, now_ms},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// All wait in the stream when the process starts: orders a second, until the last is told.
pub(super) async fn backlog(count: usize) -> Result<Figures> {
    let world = World::new().await?;
    let platform = Platform::new(&world).await?;
    // Not yet overdue by so much that the sweeper would take them.
    let due_ms = now_ms() + 2_000 + count as i64 / 20;
    let ids = platform.place(&vec![due_ms; count]).await?;
    let mut load = Load::new(&world).await?;
    for id in &ids {
        complete(&mut load, id).await?;
    }
    load.settle().await?;
    super::burst::wait_until(due_ms).await;
    let started_ms = now_ms();
    let orders = platform.spawn_orders(&world).await?;
    world.until_stored(Subject::OrderCancelled, count, PATIENCE).await?;
    let cpu = Usage::of(orders.pid())?.cpu_s;
    let (caught, told) = (swept(&orders).await?, told(&platform, &world, count).await?);
    Ok(Figures::default()
        .with("per_second", per_second(&told, started_ms)?)
        .with("worker_us", cpu * 1e6 / count as f64)
        .with("swept", caught))
}

/// The latency that `orders` adds, at a steady rate.
pub(super) async fn steady(rate: usize, seconds: u64) -> Result<Figures> {
    let world = World::new().await?;
    let platform = Platform::new(&world).await?;
    let count = rate * seconds as usize;
    let begin_ms = now_ms() + 3_000;
    let due_ms: Vec<i64> = (0..count).map(|number| begin_ms + (number * 1_000 / rate) as i64).collect();
    let ids = platform.place(&due_ms).await?;
    let orders = platform.start_orders(&world).await?;
    let mut load = Load::new(&world).await?;
    super::burst::wait_until(begin_ms).await;
    let begin = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    for (number, id) in ids.iter().enumerate() {
        // One ms behind, so that none is early by a clock that is read a little later.
        while begin.elapsed().as_secs_f64() * (rate as f64) < (number + rate / 1_000 + 1) as f64 {
            ticks.tick().await;
        }
        complete(&mut load, id).await?;
    }
    load.settle().await?;
    world.until_stored(Subject::OrderCancelled, count, PATIENCE).await?;
    let (caught, told) = (swept(&orders).await?, told(&platform, &world, count).await?);
    let causes = told_once::<ExpirationComplete>(&world, count, |event| &event.order_id).await?;
    let latency = added(told, &causes, rate)?;
    Ok(Figures::default().with_lateness(&latency).with("swept", caught))
}

async fn complete(load: &mut Load, id: &str) -> Result<()> {
    let body = format!(r#"{{"orderId":"{id}"}}"#);
    load.send(Subject::ExpirationComplete, &format!("expiration:complete:{id}"), body.into()).await
}

async fn told(platform: &Platform, world: &World, count: usize) -> Result<HashMap<String, i128>> {
    // The last event is stored a moment before its outbox row is deleted.
    tokio::time::sleep(Duration::from_millis(500)).await;
    platform.cancelled(world, count).await
}
