//! What may be chosen of a platform, and its start.

use common::Service;
use std::{collections::BTreeMap, ffi::OsString, fmt, path::PathBuf, time::Duration};

use anyhow::Result;
use futures_util::future::try_join_all;
use process::config::duration::WithUnit;
use tokio::sync::mpsc::{self, UnboundedSender};

use super::{
    Fleet, LogLine, Platform, READY, Stores, console, fleet::routes, servers::Servers, shop,
    stores::Variable, stripe,
};
use crate::BoundGateway;
use testkit::{ServiceBuilder, ServiceProcess};

/// What is to be started instead of what would be; the text is the name of the process, such as `orders-1`.
type Change = dyn Fn(&str, ServiceBuilder) -> ServiceBuilder + Send + Sync;

/// The last word on how a process is started.
struct Each(Box<Change>);

impl fmt::Debug for Each {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Each")
    }
}

/// What to start, see [`Platform::builder`].
#[derive(Debug)]
pub struct PlatformBuilder {
    replicas: BTreeMap<Service, usize>,
    env: Vec<(OsString, OsString)>,
    echo: Option<UnboundedSender<LogLine>>,
    gateway: Option<BoundGateway>,
    programs: Option<PathBuf>,
    each: Option<Each>,
}

impl PlatformBuilder {
    pub(super) fn new() -> Self {
        let replicas = Service::OURS.into_iter().map(|name| (name, 1)).collect();
        let env = vec![("LOG_FORMAT".into(), "json".into())];
        Self { replicas, env, echo: None, gateway: None, programs: None, each: None }
    }

    /// How many processes of a service there are; 1 unless told otherwise, and 0 leaves it out.
    #[must_use]
    pub fn replicas(mut self, name: Service, count: usize) -> Self {
        self.replicas.insert(name, count);
        self
    }

    /// Time to pay, `ORDER_EXPIRATION_WINDOW`.
    #[must_use]
    pub fn window(self, window: Duration) -> Self {
        self.env("ORDER_EXPIRATION_WINDOW", WithUnit(window).to_string())
    }

    /// `LOG_FORMAT`: `json`, which is the default here, or `text`.
    #[must_use]
    pub fn log_format(self, format: &str) -> Self {
        self.env("LOG_FORMAT", format)
    }

    /// `RUST_LOG`: which lines of log are written, such as `debug`.
    #[must_use]
    pub fn rust_log(self, filter: impl Into<OsString>) -> Self {
        self.env("RUST_LOG", filter)
    }

    /// Sets a variable of every service's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Also sends each line of the services' output here.
    #[must_use]
    pub fn echo(mut self, lines: UnboundedSender<LogLine>) -> Self {
        self.echo = Some(lines);
        self
    }

    /// Puts the gateway there, and not at any free port.
    #[must_use]
    pub fn gateway(mut self, gateway: BoundGateway) -> Self {
        self.gateway = Some(gateway);
        self
    }

    /// Runs the services that lie in this directory, such as [`crate::release_before`], and not the current ones. One that
    /// does not lie there is left out.
    #[must_use]
    pub fn programs(mut self, directory: PathBuf) -> Self {
        self.programs = Some(directory);
        self
    }

    /// Has the last word on each process, which is known by its name, such as `orders-1`: a variable that only this one
    /// gets, or a clock of its own.
    #[must_use]
    pub fn each(
        mut self,
        change: impl Fn(&str, ServiceBuilder) -> ServiceBuilder + Send + Sync + 'static,
    ) -> Self {
        self.each = Some(Each(Box::new(change)));
        self
    }

    /// Starts everything and waits until it is ready.
    ///
    /// # Errors
    /// When a server can't be found or fetched, or a service does not compile or does not get ready; with the end of its log.
    pub async fn start(self) -> Result<Platform> {
        // A caller that awaits it should not carry all of it.
        Box::pin(self.start_all()).await
    }

    /// Starts the services on servers that somebody else runs, and waits until they are ready.
    ///
    /// # Errors
    /// When a service does not compile or does not get ready; with the end of its log.
    pub async fn start_on(self, stores: &Stores) -> Result<Fleet> {
        Box::pin(self.start_services(stores)).await
    }

    async fn start_all(self) -> Result<Platform> {
        let servers = Box::pin(Servers::start()).await?;
        let fleet = self.start_services(&servers.stores()).await?;
        Ok(Platform { fleet, servers })
    }

    async fn start_services(mut self, stores: &Stores) -> Result<Fleet> {
        let gateway = match self.gateway.take() {
            Some(gateway) => gateway,
            None => BoundGateway::any().await?,
        };
        let stripe = match &stores.stripe {
            Some(stripe) => stripe.clone(),
            None => stripe::start().await?,
        };
        let places = Places {
            of_provider: stripe::variables(&stripe, &gateway)?.into(),
            of_others: shop::variables(&stripe, &gateway)?,
        };
        let mut services: BTreeMap<Service, Vec<ServiceProcess>> = BTreeMap::new();
        // `console` comes last of all, and is told where the others are.
        for (name, count) in &self.replicas {
            let told = [places.told(*name), &console::variables(*name, &services)].concat();
            let mut replicas = Vec::new();
            for number in 1..=self.count(*name, *count) {
                replicas.push(self.command(*name, number, stores, &told).spawn().await?);
            }
            services.insert(*name, replicas);
        }
        if services.get(&Service::Payments).is_some_and(|replicas| !replicas.is_empty()) {
            stripe::tell(&stripe, &gateway)?;
        }
        try_join_all(services.values().flatten().map(|service| service.ready(READY))).await?;
        let gateway = gateway.serve(routes(&services))?;
        Ok(Fleet { gateway, services, stripe })
    }

    /// How many there are of a service.
    fn count(&self, name: Service, wanted: usize) -> usize {
        let is_there = |directory: &PathBuf| directory.join(name.as_str()).is_file();
        if self.programs.as_ref().is_none_or(is_there) { wanted } else { 0 }
    }

    fn command(&self, name: Service, number: usize, stores: &Stores, places: &[Variable]) -> ServiceBuilder {
        let label = format!("{name}-{number}");
        let program = match &self.programs {
            Some(directory) => ServiceProcess::program(directory.join(name.as_str())),
            None => ServiceProcess::command(name.as_str()),
        };
        let mut command = told(program.name(&label), name, &label, stores);
        for (variable, value) in places {
            command = command.env(*variable, value);
        }
        for (variable, value) in &self.env {
            command = command.env(variable, value);
        }
        if let Some(lines) = &self.echo {
            command = command.echo(labelled(&label, lines));
        }
        match &self.each {
            Some(Each(change)) => change(&label, command),
            None => command,
        }
    }
}

/// What services are told of each other and of the provider.
struct Places {
    of_provider: Vec<Variable>,
    of_others: Vec<Variable>,
}

impl Places {
    fn told(&self, name: Service) -> &[Variable] {
        match name {
            Service::Payments => &self.of_provider,
            Service::Client => &self.of_others,
            _ => &[],
        }
    }
}

/// The process with its part of the environment and no more.
fn told(program: ServiceBuilder, name: Service, label: &str, stores: &Stores) -> ServiceBuilder {
    let mut command = program;
    for (variable, value) in stores.of(name) {
        command = command.env(variable, value);
    }
    if name == Service::Auth {
        // Plain HTTP is spoken here, and the gateway is the one proxy before it.
        return command.env("COOKIE_SECURE", "false").env("TRUSTED_PROXY_HOPS", "1");
    }
    let command = command.env("NATS_CLIENT_ID", label);
    let names_streams = name.is_on_the_broker() || name == Service::Console;
    if names_streams { command.env("NATS_CLUSTER_ID", super::CLUSTER) } else { command }
}

/// A sender of lines that puts the process's name to each.
fn labelled(label: &str, lines: &UnboundedSender<LogLine>) -> UnboundedSender<String> {
    let (sender, mut received) = mpsc::unbounded_channel();
    let (label, lines) = (label.to_owned(), lines.clone());
    tokio::spawn(async move {
        while let Some(line) = received.recv().await {
            let _ = lines.send(LogLine { process: label.clone(), line });
        }
    });
    sender
}
