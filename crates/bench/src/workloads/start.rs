//! From the start of a process to the first event that it fires.

use std::time::Duration;

use anyhow::{Context, Result};
use common::{Service, event::Subject};

use crate::{
    contender::Contender,
    fired::read_all,
    order,
    sample::Figures,
    world::{now_ms, schedule_key},
};

/// A process starts with `pending` timers, one of them overdue.
pub(super) async fn measure(contender: Contender, pending: usize) -> Result<Figures> {
    let world = contender.world().await?;
    super::growth::fill(&world.redis, &schedule_key(), pending).await?;
    let due_ms = now_ms() - 1_000;
    let mut connection = world.redis.connect().await?;
    redis::cmd("ZADD")
        .arg(schedule_key())
        .arg(due_ms)
        .arg(order::id(u32::MAX, due_ms))
        .exec_async(&mut connection)
        .await?;
    let started_ms = now_ms();
    let _running = contender.start(&world).await?;
    world.until_stored(Subject::ExpirationComplete, 1, Duration::from_secs(30)).await?;
    let first =
        read_all(&world, Service::Expiration).await?.into_iter().next().context("nothing was fired")?;
    let took_ms = (first.at_ns - i128::from(started_ms) * 1_000_000) as f64 / 1e6;
    Ok(Figures::default().with("ready_ms", took_ms))
}
