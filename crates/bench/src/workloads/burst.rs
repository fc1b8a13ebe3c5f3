//! Many orders are due in the same millisecond.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use common::{Service, event::Subject};

use crate::{contender::Contender, fired::Fired, load::Load, sample::Figures, usage::Spent, world::now_ms};

/// Longest time without one more event before a contender is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Drains `count` orders with so many workers on one schedule.
pub(super) async fn measure(contender: Contender, workers: usize, count: usize) -> Result<Figures> {
    let world = contender.world().await?;
    let mut running = vec![contender.listening(&world).await?];
    for _ in 1..workers {
        running.push(contender.start(&world).await?);
    }
    let mut load = Load::new(&world).await?;
    let due_ms = now_ms() + contender.lead(count).as_millis() as i64;
    load.backlog(0, count, due_ms).await?;
    world.until_consumed(Service::Expiration, Subject::OrderCreated).await?;
    ensure!(now_ms() + 200 < due_ms, "{} had not scheduled all when they were due", contender.name());
    wait_until(due_ms).await;
    let worker = Some(running[0].service.pid()).filter(|_| workers == 1);
    let before = Spent::by_now(&world, worker)?;
    world.until_stored(Subject::ExpirationComplete, count, PATIENCE).await?;
    let after = Spent::by_now(&world, worker)?;
    let fired = Fired::read(&world, count).await?;
    let last_ms = fired.lateness.last().copied().context("nothing was fired")?;
    let figures =
        Figures::default().with("per_second", count as f64 / (last_ms / 1e3)).with_lateness(&fired.lateness);
    let figures = after.since(before, count, figures);
    Ok(match world.script_us().await? {
        Some(us) if contender == Contender::Fleet => figures.with("script_us", us),
        _ => figures,
    })
}

/// Nobody asks the broker anything before the burst.
pub(super) async fn wait_until(due_ms: i64) {
    let left = u64::try_from(due_ms - now_ms()).unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(left)).await;
}
