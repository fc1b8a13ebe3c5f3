//! The whole platform on this machine: servers, every service, and the gateway in front of them.

mod builder;
mod console;
mod fleet;
mod servers;
mod shop;
mod stores;
mod stripe;

use common::Service;
use std::{fs, ops::Deref, path::Path, time::Duration};

use anyhow::{Context, Result};

pub use builder::PlatformBuilder;
pub use console::{INTERNAL_TOKEN, OPERATOR_TOKEN, VIEWER_TOKEN};
pub use fleet::Fleet;
pub use servers::broker_users;
pub use stores::Stores;

pub(crate) use servers::Servers;

use testkit::{Nats, Postgres, Redis};

/// The services' `NATS_CLUSTER_ID`.
pub const CLUSTER: &str = "ticketing";
/// The services' `JWT_KEY`, with which a test can sign a session of its own. It guards nothing.
pub const JWT_KEY: &str = "a key for this machine alone";

/// The services' `STRIPE_WEBHOOK_SECRET`, with which a test can sign what Stripe would tell. It guards nothing.
pub const WEBHOOK_SECRET: &str = "whsec_of-this-machine-alone";

/// Longer than the slowest of them needs on a busy machine.
const READY: Duration = Duration::from_secs(60);

/// Everything that runs. Dropped, it is gone.
#[derive(Debug)]
pub struct Platform {
    // Fields are dropped in this order: the services before their servers, or they would complain.
    fleet: Fleet,
    servers: Servers,
}

/// A line that a process wrote, and which.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// Such as `orders-1`.
    pub process: String,
    /// Without its line feed.
    pub line: String,
}

/// A process that runs, for a person who wants to look at it.
#[derive(Clone, Debug)]
pub struct Running {
    /// Such as `NATS` or `orders-1`.
    pub name: String,
    /// Where it listens.
    pub url: String,
    /// The number of its process.
    pub pid: u32,
}

impl Platform {
    /// One process of each service, with any free ports, unless told otherwise.
    pub fn builder() -> PlatformBuilder {
        PlatformBuilder::new()
    }

    /// `DATABASE_URL` of a service; none for one that has no database.
    pub fn database_url(&self, name: Service) -> Option<&str> {
        self.servers.databases.get(&name).map(testkit::Database::url)
    }

    /// The broker.
    pub fn nats(&self) -> &Nats {
        &self.servers.nats
    }

    /// The schedule of `expiration`.
    pub fn redis(&self) -> &Redis {
        &self.servers.redis
    }

    /// The server of all databases.
    pub fn postgres(&self) -> &Postgres {
        &self.servers.postgres
    }

    /// Every process, servers first.
    pub fn running(&self) -> Vec<Running> {
        let Servers { nats, redis, postgres, .. } = &self.servers;
        let running = |name: &str, url, pid| Running { name: name.to_owned(), url, pid };
        let mut all = vec![
            running("NATS", nats.url(), nats.pid()),
            running("Redis", redis.url(), redis.pid()),
            running("Postgres", postgres.url(), postgres.pid()),
        ];
        all.extend(self.fleet.running());
        all
    }

    /// Where its servers are, for services that are started beside its own: see [`PlatformBuilder::start_on`].
    pub fn stores(&self) -> Stores {
        self.servers.stores()
    }

    /// Copies all logs to this directory and removes what was there.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep_logs(&self, directory: &Path) -> Result<()> {
        let what = || format!("keep the logs in {}", directory.display());
        if directory.exists() {
            fs::remove_dir_all(directory).with_context(what)?;
        }
        fs::create_dir_all(directory).with_context(what)?;
        let Servers { nats, redis, postgres, .. } = &self.servers;
        let servers = [("nats", nats.log()), ("redis", redis.log()), ("postgres", postgres.log())];
        let services = self.all_services().map(|service| (service.name(), service.log()));
        for (name, log) in servers.into_iter().chain(services) {
            fs::write(directory.join(format!("{name}.log")), log).with_context(what)?;
        }
        Ok(())
    }

    /// Ends everything: the services as [`Fleet::drain`] does, then the servers go.
    ///
    /// # Errors
    /// As [`Fleet::drain`].
    pub async fn drain(self, limit: Duration) -> Result<()> {
        let (fleet, servers) = self.split();
        let drained = fleet.drain(limit).await;
        drop(servers);
        drained
    }

    /// The services, and what has to outlive them.
    pub(crate) fn split(self) -> (Fleet, Servers) {
        (self.fleet, self.servers)
    }
}

impl Deref for Platform {
    type Target = Fleet;

    fn deref(&self) -> &Fleet {
        &self.fleet
    }
}
