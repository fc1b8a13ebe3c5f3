//! A steady flow while a backlog drains: the fresh ones must not wait behind it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use common::{Service, event::Subject};

use crate::{contender::Contender, fired::Fired, load::Load, sample::Figures, stats, world::now_ms};

const WINDOW: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(30);

/// Lateness of those that come due while `backlog` orders, all due at one instant, are drained.
pub(super) async fn measure(contender: Contender, backlog: usize, rate: usize) -> Result<Figures> {
    let world = contender.world().await?;
    let _running = contender.listening(&world).await?;
    let mut load = Load::new(&world).await?;
    let due_ms = now_ms() + contender.lead(backlog).as_millis() as i64;
    load.backlog(0, backlog, due_ms).await?;
    world.until_consumed(Service::Expiration, Subject::OrderCreated).await?;
    super::burst::wait_until(due_ms - WINDOW.as_millis() as i64).await;
    // The same for everybody; a slow one is still at the backlog when it ends.
    let length = Duration::from_secs(2) + Duration::from_secs_f64(backlog as f64 / 50_000.0);
    let fresh = load.steady(backlog as u32, rate, WINDOW, length).await?;
    world.until_stored(Subject::ExpirationComplete, backlog + fresh, PATIENCE).await?;
    let fired = Fired::read(&world, backlog + fresh).await?;
    let mut old = fired.of_orders(0..backlog);
    stats::sort(&mut old);
    let drained_ms = old.last().copied().context("nothing was fired")?;
    // Those that were due after the backlog and before it had drained.
    let within = |id: &str| {
        crate::order::due_ms(id).is_some_and(|due| due > due_ms && ((due - due_ms) as f64) < drained_ms)
    };
    let mut beside: Vec<f64> =
        fired.by_order.iter().filter(|(id, _)| within(id)).map(|(_, late)| *late).collect();
    ensure!(!beside.is_empty(), "no fresh order came due while the backlog drained");
    stats::sort(&mut beside);
    Ok(Figures::default()
        .with("per_second", backlog as f64 / (drained_ms / 1e3))
        .with("fresh", beside.len() as f64)
        .with_lateness(&beside))
}
