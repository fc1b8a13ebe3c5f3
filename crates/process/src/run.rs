//! The life of a process, and what a service builds on while it lives.

use std::{borrow::Cow, io::Write as _};

use anyhow::Context;
use axum::Router;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    Exit, Identity,
    config::{self, CommonSettings, Environment, Mistakes, duration::WithUnit},
    health::{Health, Needed},
    healthcheck,
    http::{self, Inner},
    shutdown::{Shutdown, Signals},
    telemetry,
};

/// What a service builds on while it lives. Clones are handles of the same process.
#[derive(Clone, Debug)]
pub struct Process {
    settings: CommonSettings,
    inner: Inner,
    shutdown: Shutdown,
}

impl Process {
    /// The settings that every service has.
    pub fn settings(&self) -> &CommonSettings {
        &self.settings
    }

    /// Where loops and dependencies are registered.
    pub fn health(&self) -> &Health {
        &self.inner.health
    }

    /// Cancelled when the drain begins. Loops select on it and then finish what they hold.
    pub fn stopping(&self) -> CancellationToken {
        self.shutdown.stopping()
    }

    /// Runs a loop of the service: see [`Shutdown::spawn`]. One that ends before the drain takes the process down.
    pub fn spawn<F>(&self, name: impl Into<Cow<'static, str>>, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.shutdown.spawn(name, task);
    }

    /// Serves the API (an empty router if there is none), the probes and the metrics on `HTTP_ADDR`. Call it before
    /// anything that waits for a server, so that the probes answer meanwhile.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn serve(&self, api: Router) -> anyhow::Result<()> {
        self.serve_routes(http::routes(api, &self.inner)).await
    }

    /// As [`Self::serve`], for a service to which a proxy sends every path: no probe and no metric is reached through one.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn serve_at_root(&self, api: Router) -> anyhow::Result<()> {
        self.serve_routes(http::routes_at_root(api, &self.inner)).await
    }

    async fn serve_routes(&self, routes: Router) -> anyhow::Result<()> {
        let listener = http::bind(self.settings.http_addr).await?;
        let idle_timeout = self.settings.http_idle_timeout;
        self.shutdown.spawn_server("http", move |stop| async move {
            http::serve(listener, routes, idle_timeout, stop).await;
            Ok(())
        });
        Ok(())
    }
}

/// What a service's `main` does: [`run`]; or, with the argument `healthcheck`, asks the process that runs beside this one
/// whether it is alive; or, with `settings`, lists the variables that it takes and judges those that are set. There are no
/// other arguments.
pub fn main<S>(
    service: &'static str,
    read: impl FnOnce(&mut Environment) -> Option<S>,
    live: impl AsyncFnOnce(S, Process) -> anyhow::Result<()>,
) -> Exit {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run(service, read, live),
        ["healthcheck"] => healthcheck(service),
        ["settings"] => settings(service, |env| CommonSettings::read(env).zip(read(env))),
        _ => unknown(service, &arguments),
    }
}

/// The life of a process: settings (each mistake at once, exit 64), telemetry, `live`, wait for a signal, drain, exit.
///
/// `read` reads the service's own settings; the common ones are read before. `live` starts the service: it serves,
/// connects with as many retries as it takes, spawns the loops, and returns. A signal cuts it short.
pub fn run<S>(
    service: &'static str,
    read: impl FnOnce(&mut Environment) -> Option<S>,
    live: impl AsyncFnOnce(S, Process) -> anyhow::Result<()>,
) -> Exit {
    let mut env = Environment::from_process();
    let (common, own) = (CommonSettings::read(&mut env), read(&mut env));
    let identity = Identity::of(service, &env);
    let (settings, own) = match env.finish(common.zip(own)) {
        Ok(both) => both,
        Err(mistakes) => return misconfigured(service, &mistakes),
    };
    let metrics = telemetry::init(service, &settings.log);
    let inner = Inner { health: Health::new(), metrics, identity };
    let process = Process { settings, inner, shutdown: Shutdown::new() };
    in_runtime(service, &process, own, live).unwrap_or_else(|error| {
        error!("{service} cannot start: {error:#}");
        Exit::Failed
    })
}

#[expect(clippy::print_stderr, reason = "how to write logs is one of the settings that may be wrong")]
fn misconfigured(service: &str, mistakes: &Mistakes) -> Exit {
    eprintln!("{service} cannot start: {mistakes}");
    Exit::Misconfigured
}

/// Lists the variables that `read` asks for, as JSON on stdout, and judges those that are set: what the argument `settings`
/// does. Called by [`main`], and by a program that is no service.
pub fn settings<S>(program: &str, read: impl FnOnce(&mut Environment) -> Option<S>) -> Exit {
    let mut env = Environment::from_process();
    let read = read(&mut env);
    // Names and texts are always JSON; and a reader that has closed stdout wants no more of it.
    let known = serde_json::to_string_pretty(env.known()).unwrap_or_default();
    let _ = writeln!(std::io::stdout().lock(), "{known}");
    match env.finish(read) {
        Ok(_) => Exit::Drained,
        Err(mistakes) => misconfigured(program, &mistakes),
    }
}

#[expect(clippy::print_stderr, reason = "the result of a command")]
fn healthcheck(service: &str) -> Exit {
    let mut env = Environment::from_process();
    let addr = config::http_addr(&mut env);
    let addr = match env.finish(addr) {
        Ok(addr) => addr,
        Err(mistakes) => return misconfigured(service, &mistakes),
    };
    match healthcheck::check(addr) {
        Ok(()) => Exit::Drained,
        Err(error) => {
            eprintln!("{service} is not healthy at {addr}: {error}");
            Exit::Failed
        }
    }
}

#[expect(clippy::print_stderr, reason = "the result of a command")]
fn unknown(service: &str, arguments: &[String]) -> Exit {
    eprintln!(
        "{service} takes its settings from the environment, and one argument, `healthcheck` or `settings`, or none; not `{}`",
        arguments.join(" ")
    );
    Exit::Misconfigured
}

fn in_runtime<S>(
    service: &'static str,
    process: &Process,
    own: S,
    live: impl AsyncFnOnce(S, Process) -> anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    let runtime = Runtime::new().context("no Tokio runtime")?;
    let exit = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        process.inner.metrics.spawn_upkeep();
        info!(version = env!("CARGO_PKG_VERSION"), "{service} is starting");
        let exit = alive(service, process, own, live, &mut signals).await;
        Ok(drained(service, process, exit, &mut signals).await)
    });
    // Dropping the runtime instead would wait for blocking tasks without a limit.
    runtime.shutdown_background();
    exit
}

/// Lives until a signal comes, the start fails or a task is lost, and says which exit that makes after a good drain.
async fn alive<S>(
    service: &'static str,
    process: &Process,
    own: S,
    live: impl AsyncFnOnce(S, Process) -> anyhow::Result<()>,
    signals: &mut Signals,
) -> Exit {
    // Not ready until the service has started whole, whatever its dependencies say by then.
    let startup = process.inner.health.register("startup".into(), Needed::ToBegin, "not finished yet");
    let failed_start = async {
        match live(own, process.clone()).await {
            Err(error) => error,
            Ok(()) => {
                startup.set_ready();
                std::future::pending().await
            }
        }
    };
    tokio::select! {
        signal = signals.next() => {
            info!(%signal, "{service} got {signal}");
            Exit::Drained
        }
        ended = process.shutdown.ended_early() => {
            error!(task = ended.name, "{service} goes down: {ended}");
            Exit::Failed
        }
        error = failed_start => {
            error!("{service} cannot start: {error:#}");
            Exit::Failed
        }
    }
}

/// Drains within the limit; a signal during the drain ends it at once.
async fn drained(service: &'static str, process: &Process, exit: Exit, signals: &mut Signals) -> Exit {
    process.inner.health.start_draining();
    let limit = process.settings.shutdown_timeout;
    info!("{service} drains for at most {}", WithUnit(limit));
    tokio::select! {
        drained = process.shutdown.drain(limit) => match drained {
            Ok(()) => {
                info!("{service} has drained");
                exit
            }
            Err(timed_out) => {
                error!("{service} ends at once: {timed_out}");
                Exit::Failed
            }
        },
        signal = signals.next() => {
            warn!(%signal, "{service} got {signal} while draining and ends at once");
            Exit::Interrupted(signal)
        }
    }
}
