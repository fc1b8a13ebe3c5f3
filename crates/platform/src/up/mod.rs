//! `cargo xtask up`: the whole platform on this machine, for as long as you like; and `cargo xtask dev`: the same on servers
//! that are there already.

mod introduction;
mod lines;
mod started;

use common::Service;
use std::{
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result};
use process::config::duration;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::UnboundedReceiver,
};

use crate::{BoundGateway, Fleet, LogLine, Platform, PlatformBuilder, Stores, platform::Servers};
use started::Started;
use testkit::{paths, terminal};

/// What a person may choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Of the gateway on loopback; 0 for any that is free.
    pub port: u16,
    /// Time to pay.
    pub window: Duration,
    /// Processes of each service but `console`, at least 1.
    pub replicas: usize,
    /// Whether tickets are put up for sale where there are none.
    pub seed: bool,
    /// One JSON object a line on stdout instead of text.
    pub json: bool,
}

impl Options {
    /// Reads a time to pay, such as `15m`.
    ///
    /// # Errors
    /// A text that names the value and what is expected.
    pub fn window(text: &str) -> Result<Duration, String> {
        duration::parse_positive(text)
    }
}

/// As a shell reports a process that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;
/// The services' own limit by default, and room.
const DRAINED: Duration = Duration::from_secs(25);
/// How often it looks whether a process has ended by itself.
const LOOK: Duration = Duration::from_secs(1);

/// Starts everything, says where it is, and shows the logs until Ctrl-C or SIGTERM; then drains the services and
/// ends. The exit status is 0 when all of them drained in time, 1 when one did not, 130 when it was not up yet or
/// Ctrl-C came again.
///
/// # Errors
/// When the port is taken, a server can't be found or fetched, our binaries do not compile, or a service does not get ready.
pub fn run(options: &Options) -> Result<ExitCode> {
    start(options, None)
}

/// The same on servers that somebody else runs.
///
/// # Errors
/// When the port is taken, our binaries do not compile, or a service does not get ready.
pub fn run_on(options: &Options, stores: Stores) -> Result<ExitCode> {
    start(options, Some(stores))
}

fn start(options: &Options, stores: Option<Stores>) -> Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start a runtime")?;
    // Before the build, which takes minutes the first time.
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let gateway = runtime
        .block_on(BoundGateway::at(address))
        .with_context(|| format!("port {} is in use: choose another with --port", options.port))?;
    if stores.is_none() {
        paths::say("up: fetches NATS, Redis and Postgres where they are missing");
        testkit::provide()?;
    }
    paths::say("up: builds the services; the first time that takes minutes");
    testkit::build(&Service::OURS.map(Service::as_str))?;
    runtime.block_on(Box::pin(live(options, gateway, stores)))
}

/// The signals that end it.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
}

impl Ends {
    async fn come(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

async fn live(options: &Options, gateway: BoundGateway, stores: Option<Stores>) -> Result<ExitCode> {
    let mut ends = Ends {
        interrupt: signal(SignalKind::interrupt()).context("listen to SIGINT")?,
        terminate: signal(SignalKind::terminate()).context("listen to SIGTERM")?,
    };
    let (sender, received) = tokio::sync::mpsc::unbounded_channel();
    let builder = builder(options).echo(sender).gateway(gateway);
    let started = tokio::select! {
        started = Started::new(builder, stores) => started?,
        () = ends.come() => {
            paths::say("interrupted: ends everything that was started");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    Box::pin(serve(options, started, received, &mut ends)).await
}

fn builder(options: &Options) -> PlatformBuilder {
    let mut builder =
        Platform::builder().window(options.window).log_format(if options.json { "json" } else { "text" });
    for name in Service::OURS {
        // Of `console` one is enough, and it has one address.
        let replicas = if name == Service::Console { 1 } else { options.replicas };
        builder = builder.replicas(name, replicas);
    }
    match paths::variable("RUST_LOG") {
        Some(filter) => builder.rust_log(filter),
        None => builder,
    }
}

/// From the moment that everything is up.
async fn serve(
    options: &Options,
    started: Started,
    lines: UnboundedReceiver<LogLine>,
    ends: &mut Ends,
) -> Result<ExitCode> {
    let Started { fleet, servers, introduction } = started;
    if options.seed {
        fill(&fleet).await;
    }
    let colour = !options.json && terminal::wants_colour();
    introduction::tell(introduction, options.json, colour);
    let printing = tokio::spawn(lines::print(lines, options.json, colour));
    tokio::select! {
        () = ends.come() => {}
        () = watch(&fleet, servers.as_ref()) => {}
    }
    paths::say("drains every service; Ctrl-C again ends them at once");
    let drained = tokio::select! {
        drained = fleet.drain(DRAINED) => drained,
        () = ends.come() => {
            paths::say("interrupted: ends what has not drained");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    drop(servers);
    // Its senders are gone with the processes, and what they said last is worth a line.
    let _ = tokio::time::timeout(LOOK, printing).await;
    if let Err(error) = drained {
        paths::say(&format!("not every service has drained:\n{error:#}"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A shop without tickets is a shop all the same.
async fn fill(fleet: &Fleet) {
    match crate::seed(&fleet.url()).await {
        Ok(0) => {}
        Ok(count) => paths::say(&format!("{count} tickets are up for sale; --no-seed leaves them out")),
        Err(error) => paths::say(&format!("no tickets could be put up for sale: {error:#}")),
    }
}

/// Starts each process again that has ended by itself, as Kubernetes would; the others go on. Never returns.
async fn watch(fleet: &Fleet, servers: Option<&Servers>) {
    loop {
        if let Some(servers) = servers {
            servers.start_again().await;
        }
        for service in fleet.all_services().filter(|service| !service.is_running()) {
            let name = service.name();
            paths::say(&format!("{name} has ended by itself, its last lines say why; it is started again"));
            if let Err(error) = service.restart().await {
                paths::say(&format!("{name} could not be started again: {error:#}"));
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}
