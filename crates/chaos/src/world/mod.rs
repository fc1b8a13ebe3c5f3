//! The whole platform of one episode: servers, two replicas of each service, and a network of our own between them.

mod links;
mod programs;
mod servers;
pub(crate) mod streams;
mod topology;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use common::Service;
use futures_util::future::join_all;
use judge::Addresses;
use platform::{CLUSTER, Fleet, JWT_KEY, Platform, Stores};
use stripe_stand_in::StandIn;
use testkit::{FakeClock, ServiceProcess};

use crate::{
    access::Access,
    plan::{Plan, Replicas, WINDOW},
    role::Role,
};

pub(crate) use links::Links;
pub(crate) use programs::Programs;
pub(crate) use servers::Servers;

/// For a process to get ready when nothing is broken.
const READY: Duration = Duration::from_secs(30);

/// Everything that runs in an episode. Dropped, it is gone.
#[derive(Debug)]
pub(crate) struct World {
    // Fields are dropped in this order: the services before their servers, or they would complain.
    fleet: Fleet,
    pub(crate) links: Links,
    pub(crate) servers: Servers,
    pub(crate) programs: Programs,
    clocks: BTreeMap<String, FakeClock>,
    stripe: Arc<StandIn>,
}

impl World {
    /// Starts what this plan asks for, with what it needs on disk in `directory`, and other programs if they are named.
    pub(crate) async fn start(plan: &Plan, directory: &Path, programs: Option<PathBuf>) -> Result<Self> {
        let mut stores = Stores::with_provider().await?;
        let stripe = stores.provider().cloned().context("a provider")?;
        let servers = Servers::start(&plan.shape).await?;
        streams::make(&servers.nats_url(), servers.nats_replicas()).await.context("make the streams")?;
        let links = Links::between(&labels(), &servers, &stripe).await.context("make a network")?;
        for name in Service::OURS.into_iter().filter(|name| name.has_database()) {
            stores.set(name, "DATABASE_URL", servers.database_url(name));
            stores.set(name, "JWT_KEY", JWT_KEY);
        }
        for name in Service::USERS_OF_THE_BROKER {
            stores.set(name, "NATS_URL", as_user(&servers.nats_url(), name));
        }
        stores.set(Service::Expiration, "REDIS_URL", servers.redis_url());
        let programs = Programs::in_directory(directory.join("programs"), programs).await?;
        let clocks = clocks(plan)?;
        let (own, own_clocks) = (links.variables(), clocks.clone());
        let mut builder = Platform::builder()
            .programs(programs.directory().to_path_buf())
            .window(WINDOW)
            .env("MAX_UNPAID_ORDERS", "0")
            .env("MAX_EDITS_PER_MINUTE", "0")
            .env("NATS_STREAM_BYTES", streams::BYTES.to_string())
            .env("NATS_REPLICAS", servers.nats_replicas().to_string())
            .replicas(Service::Client, 0)
            .each(move |label, mut process| {
                for (variable, value) in own.get(label).into_iter().flatten() {
                    process = process.env(variable, value);
                }
                match own_clocks.get(label) {
                    Some(clock) => process.clock(clock),
                    None => process,
                }
            });
        for name in Role::SERVICES {
            builder = builder.replicas(name, 2);
        }
        let fleet = builder.start_on(&stores).await?;
        Ok(Self { fleet, links, servers, programs, clocks, stripe })
    }

    /// What the outside uses.
    pub(crate) fn access(&self) -> Access {
        let urls = |name: Service| {
            self.fleet.services(name).iter().map(ServiceProcess::http_url).collect::<Vec<_>>()
        };
        Access {
            gateway: self.fleet.url(),
            internal: Service::OURS.into_iter().map(|name| (name, urls(name))).collect(),
            nats: self.servers.nats_url(),
        }
    }

    /// Where the judge looks, as it is now.
    pub(crate) fn addresses(&self) -> Addresses {
        Addresses {
            cluster: CLUSTER.to_owned(),
            nats: self.servers.nats_url().split(',').next().unwrap_or_default().to_owned(),
            redis: self.servers.redis_url(),
            orders: self.servers.database_url(Service::Orders),
            tickets: self.servers.database_url(Service::Tickets),
            payments: self.servers.database_url(Service::Payments),
        }
    }

    /// The clock of the process with this name, if it has one of its own.
    pub(crate) fn clock(&self, label: &str) -> Option<&FakeClock> {
        self.clocks.get(label)
    }

    /// What an operator runs before a rollout: streams and consumers become what the current release wants.
    pub(crate) async fn apply_topology(&self) -> Result<()> {
        let servers = &self.servers;
        topology::apply(self.programs.topology(), &servers.nats_url(), servers.nats_replicas()).await
    }

    pub(crate) fn stripe(&self) -> &StandIn {
        &self.stripe
    }

    /// The process with this name, such as `orders-1`.
    pub(crate) fn process(&self, label: &str) -> Result<&ServiceProcess> {
        let mut all = self.fleet.all_services();
        all.find(|process| process.name() == label).with_context(|| format!("there is no process {label}"))
    }

    /// Undoes whatever is still in force, starts what is not running, and waits until all of it is ready. What is not is said.
    pub(crate) async fn heal(&self) -> Vec<String> {
        let mut unhealed = self.links.heal().await;
        let wrong = |(label, clock): (&String, &FakeClock)| {
            clock.put_right().err().map(|error| format!("the clock of {label}: {error:#}"))
        };
        unhealed.extend(self.clocks.iter().filter_map(wrong));
        unhealed.extend(self.servers.heal().await);
        let healed = join_all(self.fleet.all_services().map(async |process| {
            self.revive(process).await.err().map(|error| format!("{}: {error:#}", process.name()))
        }));
        unhealed.extend(healed.await.into_iter().flatten());
        unhealed
    }

    /// Starts a process that is not running, lets one go on that is stopped, and waits until it is ready.
    async fn revive(&self, process: &ServiceProcess) -> Result<()> {
        if process.is_running() {
            process.resume()?;
        } else {
            process.restart().await?;
        }
        process.ready(READY).await
    }

    /// Copies all logs to this directory.
    pub(crate) fn keep_logs(&self, directory: &Path) -> Result<()> {
        fs::create_dir_all(directory).with_context(|| format!("make {}", directory.display()))?;
        let services = self.fleet.all_services().map(|process| (process.name().to_owned(), process.log()));
        for (name, log) in services.chain(self.servers.logs()) {
            let path: PathBuf = directory.join(format!("{name}.log"));
            fs::write(&path, log).with_context(|| format!("write {}", path.display()))?;
        }
        Ok(())
    }

    /// Every process and where it is, for a person.
    pub(crate) fn introduction(&self) -> Vec<String> {
        let running = self.fleet.running().into_iter();
        let services =
            running.map(|running| format!("{:<14} {} process {}", running.name, running.url, running.pid));
        services.chain([format!("{:<14} {}", "gateway", self.fleet.url())]).collect()
    }
}

/// One for each process whose time will be wrong; the others go by this machine's, which costs them nothing.
fn clocks(plan: &Plan) -> Result<BTreeMap<String, FakeClock>> {
    let mut clocks = BTreeMap::new();
    for injection in &plan.injections {
        let Role::Service(name) = injection.role() else { continue };
        if !injection.kind().is_of_clocks() || FakeClock::available().is_err() {
            continue;
        }
        for label in injection.replicas.of(name) {
            clocks.insert(label, FakeClock::new()?);
        }
    }
    Ok(clocks)
}

/// The names of all processes whose network can be broken, and their services.
fn labels() -> Vec<(String, Service)> {
    let of = |name: Service| Replicas::Both.of(name).into_iter().map(move |label| (label, name));
    Role::SERVICES.into_iter().flat_map(of).collect()
}

/// The address of the broker for the user that is named for the service.
fn as_user(url: &str, name: Service) -> String {
    url.replace("://", &format!("://{name}:{name}@"))
}
