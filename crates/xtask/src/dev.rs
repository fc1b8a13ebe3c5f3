//! `cargo xtask dev --cluster`: the services on this machine, on the stores of a cluster. See [`platform::up`].

mod secrets;

use std::{
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Result, ensure};
use platform::{Stores, up::run_on};

use crate::up;

/// What may be chosen.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Use the stores that `skaffold dev --profile stores` forwards; without a cluster there is `cargo xtask up`.
    #[arg(long, required = true)]
    cluster: bool,
    #[command(flatten)]
    services: up::Choices,
    #[command(flatten)]
    ports: Ports,
}

/// Where the stores are forwarded to, on 127.0.0.1.
#[derive(clap::Args, Clone, Copy, Debug)]
struct Ports {
    /// Port that NATS is forwarded to.
    #[arg(long, default_value_t = 4222, value_name = "PORT")]
    nats_port: u16,
    /// Port that Redis is forwarded to.
    #[arg(long, default_value_t = 6379, value_name = "PORT")]
    redis_port: u16,
    /// Port that Postgres is forwarded to.
    #[arg(long, default_value_t = 5432, value_name = "PORT")]
    postgres_port: u16,
}

/// Longer than a port on this machine takes to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs it; the exit status is 1 if a service did not drain in the end.
///
/// # Errors
/// When a store does not answer, or a service does not come up.
pub(crate) fn run_until_told(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { services, ports, .. } = *arguments;
    ports.check()?;
    let stores: Stores = secrets::stores(|scheme| ports.of(scheme))?;
    run_on(&services.options(), stores)
}

impl Ports {
    /// Where a URL with this scheme leads.
    fn of(self, scheme: &str) -> Option<u16> {
        match scheme {
            "nats" => Some(self.nats_port),
            "redis" => Some(self.redis_port),
            "postgres" => Some(self.postgres_port),
            _ => None,
        }
    }

    /// Every one of them has to answer: a service would only wait.
    fn check(self) -> Result<()> {
        let all = [("NATS", self.nats_port), ("Redis", self.redis_port), ("Postgres", self.postgres_port)];
        let silent: Vec<String> = all
            .into_iter()
            .filter(|(_, port)| !answers(*port))
            .map(|(name, port)| format!("{name} at 127.0.0.1:{port}"))
            .collect();
        ensure!(
            silent.is_empty(),
            "nothing answers for {}: run `skaffold dev --profile stores` in another terminal and wait until it says \
             that it forwards the ports; --nats-port, --redis-port and --postgres-port choose others",
            silent.join(", ")
        );
        Ok(())
    }
}

fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, PATIENCE).is_ok()
}
