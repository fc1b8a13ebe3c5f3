//! A schedule that is wiped, and comes back out of the streams.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use common::{Service, event::Subject};
use redis::aio::MultiplexedConnection;

use crate::{
    contender::Contender,
    fired::Fired,
    load::Load,
    order,
    sample::Figures,
    world::{CLUSTER, World, now_ms, schedule_key},
};

/// Nothing of this comes due while it is measured.
const LATER_MS: i64 = 3_600_000;
const LOOK: Duration = Duration::from_millis(20);
/// Longer than any rebuild of this size may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// The flow of orders that come due after the rebuild.
const RATE: usize = 500;
const WINDOW: Duration = Duration::from_secs(2);
const FLOW: Duration = Duration::from_secs(4);

/// The orders by what becomes of them: half stay as they are, and a sixth each is moved, cancelled, and fired.
#[derive(Clone, Copy)]
struct Parts {
    pending: u32,
    moved: u32,
    cancelled: u32,
    fired: u32,
}

impl Parts {
    fn of(count: usize) -> Self {
        let sixth = (count / 6) as u32;
        Self { pending: count as u32 - 3 * sixth, moved: sixth, cancelled: sixth, fired: sixth }
    }

    /// The schedule as it has to be: id and score.
    fn schedule(self, begin_ms: i64) -> HashMap<String, i64> {
        let due_ms = begin_ms + LATER_MS;
        let pending = (0..self.pending).map(|number| (order::id(number, due_ms), due_ms));
        let moved = (self.pending..self.pending + self.moved)
            .map(|number| (order::id(number, due_ms), due_ms + LATER_MS));
        pending.chain(moved).collect()
    }
}

/// From `FLUSHALL` until the last timer is back; then the lateness of a flow as in `steady`.
pub(super) async fn measure(count: usize) -> Result<Figures> {
    let world = Contender::Fleet.world().await?;
    let _running = Contender::Fleet.listening(&world).await?;
    let parts = Parts::of(count);
    let begin_ms = now_ms();
    live(&world, parts, begin_ms).await?;
    let expected = parts.schedule(begin_ms);
    let mut redis = world.redis.connect().await?;
    until_built(&mut redis).await.context("before it is wiped")?;
    compare(&mut redis, &expected).await.context("before it is wiped")?;

    let wiped = Instant::now();
    redis::cmd("FLUSHALL").exec_async(&mut redis).await?;
    until_built(&mut redis).await?;
    let took = wiped.elapsed();
    compare(&mut redis, &expected).await?;

    let first = parts.pending + parts.moved + parts.cancelled + parts.fired;
    let sent = Load::new(&world).await?.steady(first, RATE, WINDOW, FLOW).await?;
    tokio::time::sleep(WINDOW).await;
    let fired = parts.fired as usize + sent;
    world.until_stored(Subject::ExpirationComplete, fired, PATIENCE).await?;
    // Also that nothing of what had fired before has fired once more.
    let fired = Fired::read(&world, fired).await?;
    let mut lateness = fired.of_orders(first as usize..first as usize + sent);
    crate::stats::sort(&mut lateness);
    Ok(Figures::default()
        .with("rebuild_s", took.as_secs_f64())
        .with("events_per_second", events(parts) / took.as_secs_f64())
        .with_lateness(&lateness))
}

/// What a rebuild reads.
fn events(parts: Parts) -> f64 {
    let Parts { pending, moved, cancelled, fired } = parts;
    f64::from(pending) + 2.0 * f64::from(moved) + 2.0 * f64::from(cancelled) + 2.0 * f64::from(fired)
}

/// The life of these orders, up to when it is all in the schedule.
async fn live(world: &World, parts: Parts, begin_ms: i64) -> Result<()> {
    let due_ms = begin_ms + LATER_MS;
    let mut load = Load::new(world).await?;
    let lasting = parts.pending + parts.moved + parts.cancelled;
    load.backlog(0, lasting as usize, due_ms).await?;
    // A cancellation that overtakes its order leaves a timer, which fires for nothing: here every order has its own end.
    world.until_consumed(Service::Expiration, Subject::OrderCreated).await?;
    for number in parts.pending..lasting {
        let id = order::id(number, due_ms);
        if number < parts.pending + parts.moved {
            let at = order::instant(due_ms + LATER_MS);
            let body = format!(r#"{{"id":"{id}","expiresAt":"{at}"}}"#);
            load.send(Subject::OrderExtended, &format!("extended:{id}"), Bytes::from(body)).await?;
        } else {
            let body = format!(r#"{{"id":"{id}","version":1,"ticket":{{"id":"6b02606ac30802f3896a71b4"}}}}"#);
            load.send(Subject::OrderCancelled, &format!("cancelled:{id}"), Bytes::from(body)).await?;
        }
    }
    load.backlog(lasting, parts.fired as usize, now_ms()).await?;
    for subject in [Subject::OrderCreated, Subject::OrderExtended, Subject::OrderCancelled] {
        world.until_consumed(Service::Expiration, subject).await?;
    }
    world.until_stored(Subject::ExpirationComplete, parts.fired as usize, PATIENCE).await?;
    let left = u64::from(parts.pending + parts.moved);
    let begun = Instant::now();
    while world.scheduled().await? != left {
        ensure!(begun.elapsed() < PATIENCE, "{} timers are left instead of {left}", world.scheduled().await?);
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Waits until the schedule says that it is whole, which the last script of a rebuild writes.
async fn until_built(redis: &mut MultiplexedConnection) -> Result<()> {
    let key = format!("{{{CLUSTER}:order:expiration}}:checkpoint");
    let begun = Instant::now();
    loop {
        let run: Option<String> = redis::cmd("HGET").arg(&key).arg("run").query_async(redis).await?;
        if run.is_some() {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "the schedule is not rebuilt after {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
}

/// Fails unless the schedule has exactly these timers.
async fn compare(redis: &mut MultiplexedConnection, expected: &HashMap<String, i64>) -> Result<()> {
    const PAGE: usize = 20_000;
    let mut seen = 0;
    loop {
        let mut page = redis::cmd("ZRANGE");
        page.arg(schedule_key()).arg(seen).arg(seen + PAGE - 1).arg("WITHSCORES");
        let page: Vec<(String, f64)> = page.query_async(redis).await?;
        if page.is_empty() {
            break;
        }
        for (id, score) in &page {
            let due_ms = expected.get(id).with_context(|| format!("{id} is in the schedule again"))?;
            ensure!(*score == *due_ms as f64, "{id} is due at {score} instead of {due_ms}");
        }
        seen += page.len();
    }
    ensure!(seen == expected.len(), "{seen} of {} timers are in the schedule", expected.len());
    Ok(())
}
