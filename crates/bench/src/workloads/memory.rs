//! What pending jobs take of Redis and of the worker.

use std::time::Duration;

use anyhow::{Result, ensure};
use common::{Service, event::Subject};

use crate::{contender::Contender, load::Load, sample::Figures, usage::Usage, world::now_ms};

/// Time to pay, as in production. A delay of more digits would cost BullMQ half as much again.
const WINDOW_MS: i64 = 900_000;
/// How long the worker is watched at rest.
const REST: Duration = Duration::from_secs(10);

/// Redis bytes a job, and the worker at rest with all of them pending.
pub(super) async fn measure(contender: Contender, pending: usize) -> Result<Figures> {
    let world = contender.world().await?;
    let empty = world.redis_info("memory", "used_memory").await?;
    let running = contender.listening(&world).await?;
    Load::new(&world).await?.backlog(0, pending, now_ms() + WINDOW_MS).await?;
    world.until_consumed(Service::Expiration, Subject::OrderCreated).await?;
    let held = contender.pending(&world).await?;
    ensure!(held == pending as u64, "{} holds {held} of {pending} orders", contender.name());
    // Until buffers of the load are given back.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let full = world.redis_info("memory", "used_memory").await?;
    let before = Usage::of(running.service.pid())?;
    tokio::time::sleep(REST).await;
    let after = Usage::of(running.service.pid())?;
    Ok(Figures::default()
        .with("redis_bytes", (full - empty) / pending as f64)
        .with("rss_mb", after.rss_mb)
        .with("cpu_percent", (after.cpu_s - before.cpu_s) * 100.0 / REST.as_secs_f64()))
}
