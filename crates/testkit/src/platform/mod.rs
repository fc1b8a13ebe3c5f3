//! The whole platform on this machine: servers, every service, and the gateway in front of them.

mod builder;
mod name;
mod servers;

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use futures_util::future::join_all;

pub use builder::PlatformBuilder;
pub use name::ServiceName;

use crate::{Gateway, Nats, Postgres, Redis, Route, Service};
use servers::Servers;

/// The services' `NATS_CLUSTER_ID`.
pub const CLUSTER: &str = "ticketing";
/// The services' `JWT_KEY`, with which a test can sign a session of its own. It guards nothing.
pub const JWT_KEY: &str = "a key for this machine alone";

/// Longer than the slowest of them needs on a busy machine.
const READY: Duration = Duration::from_secs(60);

/// Everything that runs. Dropped, it is gone.
#[derive(Debug)]
pub struct Platform {
    // Fields are dropped in this order: the services before their servers, or they would complain.
    gateway: Gateway,
    services: BTreeMap<ServiceName, Vec<Service>>,
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

    /// `http://127.0.0.1:<port>`, the one address of every API.
    pub fn url(&self) -> String {
        self.gateway.url()
    }

    /// The proxy in front of the services.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The processes of a service, in order: `orders-1`, `orders-2` ...
    pub fn services(&self, name: ServiceName) -> &[Service] {
        self.services.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The processes of all services.
    pub fn all_services(&self) -> impl Iterator<Item = &Service> {
        self.services.values().flatten()
    }

    /// `DATABASE_URL` of a service; none for one that has no database.
    pub fn database_url(&self, name: ServiceName) -> Option<&str> {
        self.servers.databases.get(&name).map(crate::Database::url)
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
        all.extend(
            self.all_services().map(|service| running(service.name(), service.http_url(), service.pid())),
        );
        all
    }

    /// Every service is still there.
    ///
    /// # Errors
    /// The name of one that has ended.
    pub fn check_running(&self) -> Result<()> {
        for service in self.all_services() {
            ensure!(service.is_running(), "{} has ended by itself", service.name());
        }
        Ok(())
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

    /// Ends everything: the gateway takes no more requests, every service drains after SIGTERM, then the servers go.
    ///
    /// # Errors
    /// The services that did not exit with 0 within `limit`, which are killed.
    pub async fn drain(self, limit: Duration) -> Result<()> {
        let Self { gateway, services, servers } = self;
        drop(gateway);
        let services: Vec<Service> = services.into_values().flatten().collect();
        let ended = join_all(services.iter().filter(|service| service.is_running()).map(async |service| {
            service.terminate()?;
            let status = service.wait_exit(limit).await?;
            ensure!(status.success(), "{} has ended with {status}", service.name());
            Ok(())
        }));
        let failed: Vec<String> =
            ended.await.into_iter().filter_map(Result::err).map(|e| format!("{e:#}")).collect();
        drop(services);
        drop(servers);
        if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join("\n")) }
    }
}

/// What the gateway has to know.
fn routes(services: &BTreeMap<ServiceName, Vec<Service>>) -> Vec<Route> {
    let route = |(name, replicas): (&ServiceName, &Vec<Service>)| {
        let address = |service: &Service| SocketAddr::from((Ipv4Addr::LOCALHOST, service.port()));
        Some(Route {
            prefix: name.prefix()?,
            service: name.as_str(),
            replicas: replicas.iter().map(address).collect(),
        })
    };
    services.iter().filter_map(route).collect()
}
