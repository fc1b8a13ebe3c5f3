//! Orders come and expire at a steady rate.

use std::time::Duration;

use anyhow::Result;
use common::event::Subject;

use crate::{contender::Contender, fired::Fired, load::Load, sample::Figures, usage::Usage};

const WINDOW: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(10);

/// Lateness at `rate` orders a second. What is due in the first second is left out: everybody warms up.
pub(super) async fn measure(contender: Contender, rate: usize, seconds: u64) -> Result<Figures> {
    let world = contender.world().await?;
    let running = contender.listening(&world).await?;
    let mut load = Load::new(&world).await?;
    let warm = load.steady(0, rate, WINDOW, Duration::from_secs(1)).await?;
    let before = Usage::of(running.service.pid())?.cpu_s;
    let sent = warm + load.steady(warm as u32, rate, WINDOW, Duration::from_secs(seconds)).await?;
    let cpu = Usage::of(running.service.pid())?.cpu_s - before;
    tokio::time::sleep(WINDOW).await;
    world.until_stored(Subject::ExpirationComplete, sent, PATIENCE).await?;
    let fired = Fired::read(&world, sent).await?;
    let mut lateness = fired.of_orders(warm..sent);
    crate::stats::sort(&mut lateness);
    Ok(Figures::default()
        .with("cpu_percent", cpu * 100.0 / seconds as f64)
        .with("sent_per_second", (sent - warm) as f64 / seconds as f64)
        .with_lateness(&lateness))
}
