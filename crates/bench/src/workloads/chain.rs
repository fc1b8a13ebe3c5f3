//! Everything together: orders due at once, from due to `order:cancelled` stored.

use std::time::Duration;

use anyhow::{Result, ensure};
use common::{Service, event::Subject};

use super::platform::{Platform, swept};
use crate::{
    contender::Contender,
    load::Load,
    order,
    sample::Figures,
    stats,
    world::{World, now_ms},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Orders a second of the whole chain, and how late each was told.
pub(super) async fn measure(count: usize) -> Result<Figures> {
    let world = World::new().await?;
    let platform = Platform::new(&world).await?;
    let orders = platform.start_orders(&world).await?;
    let _expiration = Contender::Fleet.listening(&world).await?;
    let due_ms = now_ms() + 4_000 + count as i64 / 12;
    let ids = platform.place(&vec![due_ms; count]).await?;
    let mut load = Load::new(&world).await?;
    for id in &ids {
        load.send(Subject::OrderCreated, id, order::created(id, &order::instant(due_ms))).await?;
    }
    load.settle().await?;
    world.until_consumed(Service::Expiration, Subject::OrderCreated).await?;
    ensure!(now_ms() + 200 < due_ms, "not all were scheduled when they were due");
    super::burst::wait_until(due_ms).await;
    world.until_stored(Subject::OrderCancelled, count, PATIENCE).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let caught = swept(&orders).await?;
    let told = platform.cancelled(&world, count).await?;
    let late = |at_ns: &i128| (at_ns - i128::from(due_ms) * 1_000_000) as f64 / 1e6;
    let mut lateness: Vec<f64> = told.values().map(late).collect();
    stats::sort(&mut lateness);
    let last_ms = stats::quantile(&lateness, 1.0);
    Ok(Figures::default()
        .with("per_second", count as f64 / (last_ms / 1e3))
        .with("swept", caught)
        .with_lateness(&lateness))
}
