//! Scheduling: from orders in the stream to timers, acked.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use common::{Service, event::Subject};

use crate::{
    contender::Contender,
    load::Load,
    sample::Figures,
    usage::Spent,
    world::{World, now_ms},
};

const AN_HOUR_MS: i64 = 3_600_000;

/// A backlog waits in the stream: from the start of the worker's process until all of it is scheduled and acked.
pub(super) async fn waiting(contender: Contender, count: usize) -> Result<Figures> {
    let world = contender.world().await?;
    Load::new(&world).await?.backlog(0, count, now_ms() + AN_HOUR_MS).await?;
    let before = Spent::by_now(&world, None)?;
    let running = contender.start(&world).await?;
    let took = until_scheduled(contender, &world, count, running.begun).await?;
    let after = Spent::by_now(&world, Some(running.service.pid()))?;
    let figures = after.since(before, count, figures(count, took));
    Ok(match contender {
        Contender::Fleet => figures.with("batch", batch_size(&running.service).await?),
        _ => figures,
    })
}

/// The same while they are being published, by a worker that is up.
pub(super) async fn arriving(contender: Contender, count: usize) -> Result<Figures> {
    let world = contender.world().await?;
    let _running = contender.listening(&world).await?;
    let mut load = Load::new(&world).await?;
    let begun = Instant::now();
    load.backlog(0, count, now_ms() + AN_HOUR_MS).await?;
    let took = until_scheduled(contender, &world, count, begun).await?;
    Ok(figures(count, took))
}

async fn until_scheduled(
    contender: Contender,
    world: &World,
    count: usize,
    begun: Instant,
) -> Result<Duration> {
    world.until_consumed(Service::Expiration, Subject::OrderCreated).await?;
    let took = begun.elapsed();
    let pending = contender.pending(world).await?;
    ensure!(pending == count as u64, "{} holds {pending} of {count} orders", contender.name());
    Ok(took)
}

fn figures(count: usize, took: Duration) -> Figures {
    Figures::default().with("per_second", count as f64 / took.as_secs_f64())
}

/// How many orders the worker scheduled with one command, on average.
async fn batch_size(worker: &testkit::ServiceProcess) -> Result<f64> {
    let (_, metrics) = worker.get("/metrics").await?;
    let of = |what: &str| {
        let name = format!("consumed_batch_size_{what}{{consumer=\"expiration-order-created\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(name.as_str())?.parse::<f64>().ok())
    };
    let (sum, count) = of("sum").zip(of("count")).context("consumed_batch_size is missing")?;
    Ok(sum / count)
}
