//! What a job costs with ever more of them pending.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use common::{Service, event::Subject};

use crate::{
    contender::Contender,
    fired::Fired,
    load::Load,
    order,
    sample::Figures,
    usage::Spent,
    world::{World, now_ms, schedule_key},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Schedules, claims and completes `fired` orders beside `pending` others, through JetStream; the others are put
/// into Redis directly, which is how they would lie there.
pub(super) async fn measure(contender: Contender, pending: usize, fired: usize) -> Result<Figures> {
    let world = contender.world().await?;
    fill(&world, pending).await?;
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

/// Puts so many timers into the schedule, due within the next hours.
pub(super) async fn fill(world: &World, pending: usize) -> Result<()> {
    let mut connection = world.redis.connect().await?;
    let begin_ms = now_ms() + 3_600_000;
    let mut number = 0_usize;
    while number < pending {
        let mut add = redis::cmd("ZADD");
        add.arg(schedule_key());
        let end = (number + 5_000).min(pending);
        for number in number..end {
            // Spread over an hour in no order, as orders of many buyers with different windows would be.
            let due_ms = begin_ms + (number as i64).wrapping_mul(7_919) % 3_600_000;
            add.arg(due_ms).arg(order::id(number as u32, due_ms));
        }
        add.exec_async(&mut connection).await.context("fill the schedule")?;
        number = end;
    }
    Ok(())
}
