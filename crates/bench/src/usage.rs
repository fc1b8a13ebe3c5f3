//! What a process takes of the machine, as Linux counts it.

use anyhow::{Context, Result};

use crate::{sample::Figures, world::World};

/// Clock ticks a second in `/proc`: fixed at 100 in the kernel's interface to programs.
const TICKS: f64 = 100.0;

/// CPU time and memory of one process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// CPU time since its start, in seconds.
    pub(crate) cpu_s: f64,
    /// Resident memory, in MB.
    pub(crate) rss_mb: f64,
}

impl Usage {
    /// Reads `/proc/<pid>`.
    ///
    /// # Errors
    /// Where there is no such process, or no `/proc`.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let read = |file: &str| {
            let path = format!("/proc/{pid}/{file}");
            std::fs::read_to_string(&path).with_context(|| format!("read {path}: this needs Linux"))
        };
        let stat = read("stat")?;
        // The name before it may hold anything, spaces and brackets too.
        let (_, behind_name) = stat.rsplit_once(')').context("read a process's times")?;
        let field = |index: usize| behind_name.split_whitespace().nth(index)?.parse::<f64>().ok();
        let ticks = field(11).zip(field(12)).context("read a process's times")?;
        let status = read("status")?;
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let rss_kb: f64 = rss
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .context("read a process's memory")?;
        Ok(Self { cpu_s: (ticks.0 + ticks.1) / TICKS, rss_mb: rss_kb / 1024.0 })
    }
}

/// CPU seconds of the broker, Redis and a worker: where the time of a job goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    nats: f64,
    redis: f64,
    /// None where there are several.
    worker: Option<f64>,
}

impl Spent {
    /// What they have spent by now.
    pub(crate) fn by_now(world: &World, worker: Option<u32>) -> Result<Self> {
        let worker = worker.map(Usage::of).transpose()?;
        Ok(Self {
            nats: Usage::of(world.nats.pid())?.cpu_s,
            redis: Usage::of(world.redis.pid())?.cpu_s,
            worker: worker.map(|usage| usage.cpu_s),
        })
    }

    /// The figures of `count` jobs since `before`, µs each.
    pub(crate) fn since(self, before: Self, count: usize, figures: Figures) -> Figures {
        let each = |now: f64, before: f64| (now - before) * 1e6 / count as f64;
        let figures = figures
            .with("nats_us", each(self.nats, before.nats))
            .with("redis_us", each(self.redis, before.redis));
        match self.worker {
            // One that was not there before had spent nothing.
            Some(worker) => figures.with("worker_us", each(worker, before.worker.unwrap_or_default())),
            None => figures,
        }
    }
}
