//! What is done to the platform: each fault is asked for, shows that it is really in force, lasts, and is healed again.

mod clock;
mod nats;
mod network;
mod postgres;
mod process;
mod redis;
mod server;
mod turn;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use testkit::{Cut, ServiceProcess};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::{
    kind::Kind,
    plan::{Injection, Plan},
    role::Role,
    timeline::{Timeline, What},
    world::World,
};

/// For what was hit to get ready again while other faults may still be in force.
const BACK: Duration = Duration::from_secs(5);
/// A fault that is not healed by then is left to the end of the episode.
const LONGEST: Duration = Duration::from_secs(60);

/// A fault that does not show by its end lasts longer, at most by so much.
const LONGER: Duration = Duration::from_secs(3);
/// How often it is looked whether a fault shows.
const LOOK: Duration = Duration::from_millis(20);

/// Lets all faults of a plan come, each at its time, until the last of them is healed.
pub(crate) async fn all(plan: &Plan, world: &World, timeline: &Timeline) {
    let faults = plan.injections.iter().map(async |injection| {
        let fault = Fault { injection, world, timeline };
        fault.wait(plan).await;
        fault.play().await;
    });
    futures_util::future::join_all(faults).await;
}

/// One fault, and where it is done.
struct Fault<'a> {
    injection: &'a Injection,
    world: &'a World,
    timeline: &'a Timeline,
}

impl Fault<'_> {
    /// Until it is its turn.
    async fn wait(&self, plan: &Plan) {
        match self.injection.after.filter(|(other, _)| plan.numbers().contains(other)) {
            Some((other, delay)) => {
                self.timeline.until_healed(other).await;
                sleep(delay).await;
            }
            None => sleep_until(self.timeline.begun() + self.injection.at).await,
        }
    }

    /// From its beginning to its end. What goes wrong here is no violation: the platform may be too broken to be broken
    /// more.
    async fn play(&self) {
        self.tell(What::Asked, self.injection.to_string());
        // The futures of all families are large, and every fault has one.
        match timeout(LONGEST, Box::pin(self.run())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.tell(What::NotSeen, format!("{error:#}")),
            Err(_) => self.tell(What::NotSeen, format!("it was not over within {LONGEST:?}")),
        }
        self.tell(What::Healed, "");
    }

    async fn run(&self) -> Result<()> {
        match self.injection.kind() {
            Kind::Kill => process::kill(self).await,
            Kind::Stop => process::stop(self).await,
            Kind::Restart => process::restart(self).await,
            Kind::ReleaseBefore => process::release_before(self).await,
            Kind::ClockAhead | Kind::ClockBehind | Kind::ClockJumps => clock::wrong(self).await,
            Kind::CutToServer => network::cut(self, Cut::ToServer).await,
            Kind::CutToClient => network::cut(self, Cut::ToClient).await,
            Kind::Cut => network::cut(self, Cut::Both).await,
            Kind::Slow => network::slow(self).await,
            Kind::Narrow => network::narrow(self).await,
            Kind::Lossy => network::lossy(self).await,
            Kind::Reset => network::reset(self).await,
            Kind::Refused => network::refused(self).await,
            Kind::RedisWiped => redis::wipe(self).await,
            Kind::RedisFailover => redis::fail_over(self).await,
            Kind::RedisSentinel => redis::is_replaced_by_sentinel(self).await,
            Kind::RedisFull => redis::fill(self).await,
            Kind::RedisOlder => redis::go_back(self).await,
            Kind::NatsLeaderKilled => nats::kill_leader(self).await,
            Kind::NatsDiskLost => nats::lose_disk(self).await,
            Kind::NatsOlder => nats::go_back(self).await,
            Kind::StreamDeleted => nats::delete_stream(self).await,
            Kind::PostgresNoConnections => postgres::no_connections(self).await,
            Kind::PostgresFailover => postgres::fail_over(self).await,
            Kind::RedisPowerCut | Kind::NatsPowerCut => server::cut_power(self).await,
            Kind::RedisKilled | Kind::NatsKilled | Kind::PostgresKilled => server::kill(self).await,
            Kind::RedisPaused | Kind::NatsPaused | Kind::PostgresPaused => server::pause(self).await,
            Kind::RedisRestarted | Kind::NatsRestarted | Kind::PostgresRestarted => {
                server::restart(self).await
            }
            Kind::RedisDiskFull | Kind::NatsDiskFull | Kind::PostgresDiskFull => {
                server::fill_disk(self).await
            }
        }
    }

    fn tell(&self, what: What, text: impl Into<String>) {
        self.timeline.tell(Some(self.injection.number), what, text);
    }

    /// It is in force, and this shows it.
    fn in_force(&self, evidence: impl Into<String>) {
        self.tell(What::InForce, evidence);
    }

    /// Lets it last.
    async fn last(&self) {
        sleep(self.injection.lasts).await;
    }

    /// Lets it last, and looks meanwhile whether it shows. Where little goes on it lasts somewhat longer, until it does.
    async fn until_seen(&self, mut look: impl AsyncFnMut() -> Option<String>) -> bool {
        let end = Instant::now() + self.injection.lasts;
        let mut seen = false;
        while !seen && Instant::now() < end + LONGER {
            if let Some(evidence) = look().await {
                self.in_force(evidence);
                seen = true;
            }
            sleep(LOOK).await;
        }
        sleep_until(end).await;
        seen
    }

    /// The service that it is about.
    fn service(&self) -> Result<common::Service> {
        match self.injection.role() {
            Role::Service(name) | Role::Link(name, _) | Role::Stream(name) => Ok(name),
            role @ Role::Store(_) => bail!("{role} is no service"),
        }
    }

    /// The processes that it is about.
    fn processes(&self) -> Result<Vec<&ServiceProcess>> {
        let labels = self.injection.replicas.of(self.service()?);
        labels.iter().map(|label| self.world.process(label)).collect()
    }

    /// Starts a process again that is not running, and waits some time until it is ready: others may keep it from that.
    async fn start_again(&self, process: &ServiceProcess) -> Result<()> {
        if !process.is_running() {
            process.restart().await.with_context(|| format!("start {} again", process.name()))?;
        }
        // Not ready is no error: the stores may be away, and the end of the episode waits for it.
        let _ = process.ready(BACK).await;
        Ok(())
    }
}
