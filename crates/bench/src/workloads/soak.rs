//! Growth over time: a steady load for long, with the memory of the worker and of Redis watched.

use std::time::Duration;

use anyhow::Result;
use common::event::Subject;
use testkit::paths;

use crate::{contender::Contender, fired::Fired, load::Load, sample::Figures, stats, usage::Usage};

const WINDOW: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_secs(10);
const LOOKS_A_MINUTE: usize = 6;
const PATIENCE: Duration = Duration::from_secs(10);

/// Memory in the second sixth of the time, when everything is warm, and in the last.
pub(super) async fn measure(contender: Contender, rate: usize, minutes: u64) -> Result<Figures> {
    let world = contender.world().await?;
    let running = contender.listening(&world).await?;
    let mut load = Load::new(&world).await?;
    let (mut rss_mb, mut redis_mb) = (Vec::new(), Vec::new());
    let mut sent = 0;
    for _ in 0..minutes * 60 / LOOK.as_secs() {
        sent += load.steady(sent as u32, rate, WINDOW, LOOK).await?;
        rss_mb.push(Usage::of(running.service.pid())?.rss_mb);
        redis_mb.push(world.redis_info("memory", "used_memory").await? / 1e6);
        if rss_mb.len().is_multiple_of(LOOKS_A_MINUTE) {
            let minute = rss_mb.len() / LOOKS_A_MINUTE;
            let rss_mb = rss_mb.last().copied().unwrap_or_default();
            paths::say(&format!("soak: minute {minute} of {minutes}, worker {rss_mb:.1} MB"));
        }
    }
    tokio::time::sleep(WINDOW).await;
    world.until_stored(Subject::ExpirationComplete, sent, PATIENCE).await?;
    let lateness = Fired::read(&world, sent).await?.lateness;
    let sixth = rss_mb.len() / 6;
    let early = |all: &[f64]| stats::median(&all[sixth..2 * sixth]);
    let late = |all: &[f64]| stats::median(&all[all.len() - sixth..]);
    Ok(Figures::default()
        .with("jobs", sent as f64)
        .with("rss_mb_early", early(&rss_mb))
        .with("rss_mb_late", late(&rss_mb))
        .with("redis_mb_early", early(&redis_mb))
        .with("redis_mb_late", late(&redis_mb))
        .with_lateness(&lateness))
}
