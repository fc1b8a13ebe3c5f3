//! Who is measured: this fleet as it ships, and what a user might take instead. Each is a process of its own that is
//! told where the servers are, and turns `order:created` into `expiration:complete` at the due time.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result, bail, ensure};
use common::{Service, event::Subject};
use testkit::{ServiceProcess, paths};

use crate::{
    schedules,
    world::{CLUSTER, World},
};

/// One way of firing delayed jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Contender {
    /// This fleet's `expiration`, as it ships.
    Fleet,
    /// Bull 4 on Node.js.
    Bull,
    /// BullMQ on Node.js.
    Bullmq,
    /// The broker's own message schedules (`@at`).
    Schedules,
    /// The `expiration` of another build of this repository.
    #[value(skip)]
    Before,
}

/// Where the other build is.
static BEFORE: OnceLock<PathBuf> = OnceLock::new();

/// A contender at work, with what it takes to stop it: dropped, it is gone.
pub(crate) struct Running {
    pub(crate) service: ServiceProcess,
    pub(crate) begun: Instant,
}

impl Contender {
    pub(crate) const ALL: [Self; 4] = [Self::Fleet, Self::Bull, Self::Bullmq, Self::Schedules];

    /// As it stands in the table and in the results.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fleet => "fleet",
            Self::Bull => "bull",
            Self::Bullmq => "bullmq",
            Self::Schedules => "schedules",
            Self::Before => "before",
        }
    }

    /// The other build, by the path of its binary.
    ///
    /// # Errors
    /// When there is no such file.
    pub(crate) fn before(binary: &Path) -> Result<Self> {
        let binary = binary.canonicalize().with_context(|| format!("find {}", binary.display()))?;
        BEFORE.get_or_init(|| binary);
        Ok(Self::Before)
    }

    /// Installs what it needs, once.
    ///
    /// # Errors
    /// With the reason for which its rows will be missing.
    pub(crate) fn prepare(self) -> Result<(), String> {
        match self {
            Self::Fleet => ["expiration", "orders", "client"]
                .iter()
                .try_for_each(|name| ServiceProcess::build_and_locate(name).map(drop))
                .map_err(|error| format!("{error:#}")),
            Self::Schedules | Self::Before => Ok(()),
            Self::Bull | Self::Bullmq => install(self).map_err(|error| format!("{error:#}")),
        }
    }

    /// Fresh servers, set up as suits it best.
    pub(crate) async fn world(self) -> Result<World> {
        match self {
            Self::Fleet | Self::Schedules | Self::Before => World::new().await,
            // Both wait for the next job with a blocking command, whose end Redis notices only this often.
            Self::Bull | Self::Bullmq => World::with_redis(&["--hz", "500"]).await,
        }
    }

    /// Starts a process of it.
    pub(crate) async fn start(self, world: &World) -> Result<Running> {
        let command = match self {
            Self::Fleet => ServiceProcess::command("expiration").env("RUST_LOG", "warn"),
            Self::Before => {
                let binary = BEFORE.get().context("no other build was named")?;
                ServiceProcess::program(binary).env("RUST_LOG", "warn")
            }
            Self::Schedules => ServiceProcess::program(std::env::current_exe()?).arg(schedules::ARGUMENT),
            Self::Bull | Self::Bullmq => ServiceProcess::program(node()?)
                .arg(peer(self).join("worker.js"))
                .env("NODE_ENV", "production"),
        };
        let begun = Instant::now();
        let service = command
            .name(self.name())
            .env("NATS_URL", world.nats.url())
            .env("NATS_CLUSTER_ID", CLUSTER)
            .env("REDIS_URL", world.redis.url())
            .spawn()
            .await?;
        Ok(Running { service, begun })
    }

    /// Starts it and waits until it listens.
    pub(crate) async fn listening(self, world: &World) -> Result<Running> {
        let running = self.start(world).await?;
        world
            .until_listening(Service::Expiration, Subject::OrderCreated)
            .await
            .with_context(|| format!("{}; its log:\n{}", self.name(), running.service.log()))?;
        Ok(running)
    }

    /// How many jobs it holds, where they are.
    pub(crate) async fn pending(self, world: &World) -> Result<u64> {
        let count = async |key: &str| -> Result<u64> {
            let mut connection = world.redis.connect().await?;
            Ok(redis::cmd("ZCARD").arg(key).query_async(&mut connection).await?)
        };
        match self {
            Self::Fleet | Self::Before => world.scheduled().await,
            Self::Bull | Self::Bullmq => count("bull:expiration:delayed").await,
            // One message each, until it fires.
            Self::Schedules => schedules::pending(world).await,
        }
    }

    /// How long after their publication a burst of so many is due, so that all are scheduled by then.
    pub(crate) fn lead(self, count: usize) -> Duration {
        let a_second = match self {
            Self::Fleet | Self::Before => 40_000,
            Self::Schedules => 12_000,
            Self::Bull | Self::Bullmq => 12_000,
        };
        Duration::from_secs(3) + Duration::from_secs_f64(count as f64 / f64::from(a_second))
    }
}

fn peer(contender: Contender) -> PathBuf {
    paths::repository().join("bench").join("peers").join(contender.name())
}

fn node() -> Result<PathBuf> {
    static NODE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let asked = Command::new("node").args(["-p", "process.execPath"]).output().ok()?;
        asked.status.success().then(|| String::from_utf8_lossy(&asked.stdout).trim().into())
    };
    NODE.get_or_init(find).clone().context("Node.js is not installed: https://nodejs.org")
}

fn changed(file: &Path) -> Option<SystemTime> {
    file.metadata().and_then(|data| data.modified()).ok()
}

fn install(contender: Contender) -> Result<()> {
    node()?;
    let directory = peer(contender);
    let modules = directory.join("node_modules");
    // npm writes this file last.
    if changed(&modules.join(".package-lock.json")) > changed(&directory.join("package-lock.json")) {
        return Ok(());
    }
    paths::say(&format!("npm ci in bench/peers/{}", contender.name()));
    let installed = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(&directory)
        .output()
        .context("run npm: is it installed?")?;
    ensure!(installed.status.success(), "npm ci failed: {}", String::from_utf8_lossy(&installed.stderr));
    if !modules.is_dir() {
        bail!("npm ci left nothing in {}", modules.display());
    }
    Ok(())
}
