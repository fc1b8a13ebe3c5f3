//! Watches over the schedule: its readiness, its size, the age of the oldest job that should have fired, and a pause.

mod pause_watch;

use std::time::Duration;

use messaging::Broker;
use metrics::gauge;
use process::health::{Dependency, Health, Heartbeat, Needed};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use pause_watch::PauseWatch;

use crate::{
    relay::InFlight,
    schedule::{Schedule, ServerFacts, Unavailable},
};

const INTERVAL: Duration = Duration::from_secs(1);
/// Looks between two questions to the broker for its time.
const ASK_EVERY: u32 = 10;
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// The loop that looks at the schedule every second.
#[derive(Debug)]
pub struct Monitor {
    schedule: Schedule,
    in_flight: InFlight,
    heartbeat: Heartbeat,
    redis: Dependency,
    clocks: Dependency,
    pause: PauseWatch,
    broker: Broker,
    /// Looks until the broker is asked for the time again.
    until_asked: u32,
    /// The size that was last seen.
    jobs: u64,
    /// Whether Redis answered the last time; its settings are told when it comes back.
    connected: bool,
}

impl Monitor {
    /// Watches `schedule`, what the relay holds of it and the clocks, and keeps the readiness of `redis` and `clocks`.
    pub fn new(schedule: Schedule, in_flight: InFlight, broker: Broker, health: &Health) -> Self {
        Self {
            schedule,
            in_flight,
            heartbeat: health.register_loop("monitor", LONGEST_SILENCE),
            redis: health.register_dependency("redis", Needed::Always),
            clocks: health.register_dependency("clocks", Needed::ToBegin),
            pause: PauseWatch::new(health),
            broker,
            until_asked: 0,
            jobs: 0,
            connected: false,
        }
    }

    /// Looks every second until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = ticks.tick() => self.look().await,
            }
        }
    }

    async fn look(&mut self) {
        self.heartbeat.beat();
        match self.try_look().await {
            Ok(Some(obstacle)) => self.redis.set_unready(obstacle),
            Ok(None) => match self.schedule.refusal() {
                None => self.redis.set_ready(),
                Some(refusal) => self.redis.set_unready(refusal),
            },
            Err(error) => {
                self.connected = false;
                self.redis.set_unready(format!("{:#}", anyhow::Error::new(error)));
            }
        }
        self.look_at_clocks().await;
        if self.connected {
            self.pause.look(&self.schedule).await;
        }
        gauge!("expiration_pending_jobs").set(self.jobs as f64);
        gauge!("expiration_oldest_due_age_seconds").set(self.oldest_due_age().as_secs_f64());
    }

    async fn look_at_clocks(&mut self) {
        let clocks = self.schedule.clocks();
        if self.until_asked == 0 {
            let asked = tokio::time::timeout(INTERVAL, self.broker.clock_ahead_ms()).await;
            let ahead_ms = asked.ok().and_then(Result::ok);
            clocks.set_broker(ahead_ms);
            self.until_asked = if ahead_ms.is_some() { ASK_EVERY } else { 1 };
        }
        self.until_asked -= 1;
        match clocks.judge() {
            None => self.clocks.set_ready(),
            Some(wrong) => self.clocks.set_unready(wrong),
        }
    }

    /// What is in the way though Redis answers. Its settings are read where they can be news: they take it longer than a claim.
    async fn try_look(&mut self) -> Result<Option<&'static str>, Unavailable> {
        let head = self.schedule.head().await;
        if self.connected && head.is_ok() && self.schedule.refusal().is_none() {
            self.jobs = head?.jobs;
            return Ok(None);
        }
        let facts = self.schedule.server_facts().await?;
        // A node of a cluster refuses the head.
        if let Some(obstacle) = facts.obstacle() {
            self.connected = false;
            return Ok(Some(obstacle));
        }
        self.jobs = head?.jobs;
        if !self.connected {
            report(&facts);
            self.connected = true;
        }
        Ok(None)
    }

    /// For how long the oldest job has been due, be it waiting or in this worker's hands. It goes on counting while
    /// Redis is away.
    fn oldest_due_age(&self) -> Duration {
        let oldest =
            self.schedule.earliest_known_ms().into_iter().chain(self.in_flight.oldest_due_ms()).min();
        let age_ms = oldest.map_or(0, |due_ms| self.schedule.clocks().now_ms().saturating_sub(due_ms));
        Duration::from_millis(u64::try_from(age_ms).unwrap_or_default())
    }
}

fn report(facts: &ServerFacts) {
    info!("Redis is ready: maxmemory_policy {}, aof_enabled {}", facts.maxmemory_policy, facts.aof_enabled);
    if !facts.keeps_when_full() {
        warn!(
            "Redis has maxmemory_policy {}: when full it drops timers. Set maxmemory-policy noeviction",
            facts.maxmemory_policy
        );
    }
    if !facts.aof_enabled {
        warn!("Redis has no append-only file: a restart of it loses timers. Set appendonly yes");
    }
    gauge!("expiration_redis_noeviction").set(f64::from(u8::from(facts.keeps_when_full())));
    gauge!("expiration_redis_aof").set(f64::from(u8::from(facts.aof_enabled)));
}
