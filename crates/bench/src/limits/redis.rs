//! Redis alone: our scripts with nothing around them.

use std::time::Instant;

use anyhow::Result;
use expiration::schedule::{Job, Schedule};

use crate::{
    order,
    world::{CLUSTER, World, now_ms},
};

const BATCH: usize = 500;

/// Claims and completes `count` jobs that are due, one call after the other; jobs a second.
pub(crate) async fn claim_and_complete(count: usize) -> Result<f64> {
    let world = World::new().await?;
    let schedule = Schedule::new(&world.redis.url(), CLUSTER)?;
    let due_ms = now_ms() - 1_000;
    let numbers: Vec<u32> = (0..).take(count).collect();
    for some in numbers.chunks(BATCH) {
        let job = |number: &u32| anyhow::Ok(Job { id: order::id(*number, due_ms).parse()?, due_ms });
        schedule.schedule(&some.iter().map(job).collect::<Result<Vec<_>>>()?).await?;
    }
    let begin = Instant::now();
    let mut fired = 0;
    while let Some(claim) = schedule.claim_due(BATCH, now_ms()).await?.claim {
        fired += claim.jobs.len();
        schedule.complete(&claim).await?;
    }
    anyhow::ensure!(fired == count, "claimed {fired} of {count}");
    Ok(count as f64 / begin.elapsed().as_secs_f64())
}
