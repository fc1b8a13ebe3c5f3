//! `cargo xtask fuzz`: every HTTP API under requests that no client of ours would send.
//!
//! The document itself is validated (`document`). Some are generated from it, and their answers held against it
//! (`generated`); some are
//! written by hand, as bytes (`hostile`); some never come to an end (`slow`). No answer may be a 5xx or late, and in
//! the end every service is ready, has logged neither a panic nor an error, and drains.

mod aftermath;
mod console;
mod document;
mod generated;
mod hostile;
mod internal;
mod raw;
mod session;
mod slow;
mod target;
#[cfg(test)]
mod tests;
mod world;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use common::Service;
use futures_util::{StreamExt as _, stream};

use generated::{Sender, Source};
use internal::Internal;
use platform::Platform;
use target::Target;
use testkit::paths;
use world::World;

/// APIs that are attacked at one time: much of it is waiting.
const AT_ONCE: usize = 2;
/// The longest that an answer may take.
const LIMIT: Duration = Duration::from_secs(5);
/// The services' own limit by default, and room.
const DRAINED: Duration = Duration::from_secs(25);

/// What may be chosen.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose APIs; none is all of them.
    pub services: Vec<Service>,
    /// Generated requests for each operation, beside those at each limit of the document.
    pub examples: u32,
    /// The same seed generates the same requests.
    pub seed: u32,
}

impl Default for Options {
    /// About half a minute for each service.
    fn default() -> Self {
        Self { services: Vec::new(), examples: 15, seed: 1 }
    }
}

/// Starts the platform on servers of its own and fuzzes it.
///
/// # Errors
/// When it does not start; and with everything that went wrong, the requests included.
pub fn run(options: &Options) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start a runtime")?;
    testkit::provide()?;
    testkit::build(&Service::OURS.map(Service::as_str))?;
    // Now: while one API waits for a download, another would seem to answer late.
    document::provide()?;
    generated::provide()?;
    runtime.block_on(Box::pin(fuzz(options)))
}

async fn fuzz(options: &Options) -> Result<()> {
    let platform = Box::pin(Platform::builder().start()).await?;
    let world = World::create(&platform).await?;
    let chosen = |name: &Service| options.services.is_empty() || options.services.contains(name);
    let targets: Vec<Target> =
        Service::OURS.into_iter().filter(chosen).filter_map(|name| Target::of(name, &world)).collect();
    let internal: Vec<Internal> =
        Service::OURS.into_iter().filter(chosen).filter_map(|name| Internal::of(name, &world)).collect();
    ensure!(!(targets.is_empty() && internal.is_empty()), "none of {:?} has an API", options.services);
    let mut wrong = Vec::new();
    let attacks = stream::iter(&targets).map(async |target| {
        paths::say(&format!("fuzz: {}", target.name));
        let mut wrong = attack(target, options).await;
        wrong.extend(look_after(&platform, target.name).await);
        wrong
    });
    wrong.extend(attacks.buffer_unordered(AT_ONCE).concat().await);
    // After all that is for everybody: operators cancel orders, and pause.
    for target in &internal {
        paths::say(&format!("fuzz: {}, with a token", target.name));
        wrong.extend(attack_internal(target, &platform, &world, options).await);
        wrong.extend(look_after(&platform, target.name).await);
    }
    wrong.extend(platform.drain(DRAINED).await.err());
    let wrong: Vec<String> = wrong.iter().map(|error| format!("{error:#}")).collect();
    ensure!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    Ok(())
}

/// Everything against one API; what went wrong.
async fn attack(target: &Target, options: &Options) -> Vec<anyhow::Error> {
    // They take their time, and nobody else may be kept waiting by them.
    let slow = tokio::spawn(slow::run(target.clone()));
    let mut wrong = Vec::new();
    let begun = Instant::now();
    match hostile::run(target).await {
        Ok(count) => done(target.name, count as u64, "written by hand", begun),
        Err(error) => wrong.push(error),
    }
    match target.source().await {
        Ok(source) => wrong.extend(generate(target.name, &source, options).await),
        Err(error) => wrong.push(error),
    }
    match slow.await {
        Ok(outcome) => wrong.extend(outcome.context(target.name).err()),
        Err(panicked) => wrong.push(panicked.into()),
    }
    wrong
}

/// The same against what one service answers `console`, or `console` an operator.
async fn attack_internal(
    target: &Internal,
    platform: &Platform,
    world: &World,
    options: &Options,
) -> Vec<anyhow::Error> {
    let mut wrong = Vec::new();
    let begun = Instant::now();
    match hostile::run_internal(target).await {
        Ok(count) => done(target.name, count as u64, "written by hand", begun),
        Err(error) => wrong.push(error),
    }
    let source = match target.name {
        Service::Console => console::source(target, platform, world).await,
        _ => target.source().await,
    };
    match source {
        Ok(source) => wrong.extend(generate(target.name, &source, options).await),
        Err(error) => wrong.push(error),
    }
    wrong
}

/// What is generated from a document, once that is valid.
async fn generate(name: Service, source: &Source, options: &Options) -> Vec<anyhow::Error> {
    let mut wrong: Vec<anyhow::Error> =
        document::validate(name.as_str(), &source.document).await.err().into_iter().collect();
    for sender in [Sender::User, Sender::Anonymous] {
        let begun = Instant::now();
        match generated::run(source, sender, options.examples, options.seed).await {
            Ok(count) => done(name, count, sender.name(), begun),
            Err(error) => wrong.push(error.context(format!("{name}, {}", sender.name()))),
        }
    }
    wrong
}

/// What is wrong with the processes of a service after that.
async fn look_after(platform: &Platform, name: Service) -> Vec<anyhow::Error> {
    let mut wrong = Vec::new();
    for service in platform.services(name) {
        wrong.extend(aftermath::check(service).await.err());
    }
    wrong
}

fn done(name: Service, count: u64, kind: &str, begun: Instant) {
    let took = begun.elapsed().as_secs_f64();
    paths::say(&format!("fuzz: {name}: {count} requests, {kind}: ok after {took:.1} s"));
}
