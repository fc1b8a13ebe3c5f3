//! What a job costs with ever more of them pending.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use common::{Service, event::Subject};

use testkit::Redis;

use crate::{
    contender::Contender,
    fired::Fired,
    load::Load,
    order,
    sample::Figures,
    usage::Spent,
    world::{now_ms, schedule_key},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Schedules, claims and completes `fired` orders beside `pending` others, through JetStream; the others are put
/// into Redis directly, which is how they would lie there.
pub(super) async fn measure(contender: Contender, pending: usize, fired: usize) -> Result<Figures> {
    let world = contender.world().await?;
    fill(&world.redis, &schedule_key(), pending).await?;
    let running = contender.listening(&world).await?;
    let worker = Some(running.service.pid());
    let mut load = Load::new(&world).await?;
    let before = Spent::by_now(&world, worker)?;
    let due_ms = now_ms() + contender.lead(fired).as_millis() as i64;
    let begun = Instant::now();
    load.backlog(pending as u32, fired, due_ms).await?;
    world.until_consumed(Service::Expiration, Subject::OrderCreated).await?;
    let scheduled = begun.elapsed().as_secs_f64();
    world.until_stored(Subject::ExpirationComplete, fired, PATIENCE).await?;
    let after = Spent::by_now(&world, worker)?;
    let lateness = Fired::read(&world, fired).await?.lateness;
    let drained = lateness.last().context("nothing was fired")? / 1e3;
    let figures = Figures::default().with("job_us", (scheduled + drained) * 1e6 / fired as f64);
    Ok(after.since(before, fired, figures))
}

/// Puts so many timers into a schedule, due within the next hours; the answer is the instant that [`timer`] needs.
pub(super) async fn fill(redis: &Redis, key: &str, pending: usize) -> Result<i64> {
    let mut connection = redis.connect().await?;
    let begin_ms = now_ms() + 3_600_000;
    let mut number = 0_usize;
    while number < pending {
        let mut add = redis::cmd("ZADD");
        add.arg(key);
        let end = (number + 5_000).min(pending);
        for number in number..end {
            let (id, due_ms) = timer(begin_ms, number as u32);
            add.arg(due_ms).arg(id);
        }
        add.exec_async(&mut connection).await.context("fill the schedule")?;
        number = end;
    }
    Ok(begin_ms)
}

/// One of those timers, and when it is due: spread over an hour in no order, as orders of many buyers with different windows
/// would be.
pub(super) fn timer(begin_ms: i64, number: u32) -> (String, i64) {
    let due_ms = begin_ms + i64::from(number).wrapping_mul(7_919) % 3_600_000;
    (order::id(number, due_ms), due_ms)
}
