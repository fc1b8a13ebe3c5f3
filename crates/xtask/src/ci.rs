//! `cargo xtask ci`: everything a change has to pass, the same here, in `.ci/run` and on the build server.
//!
//! Every check runs, also after one has failed: a person who waits for the tests wants to hear of the formatting too.

mod arrows;
mod contracts;
mod drift;
mod features;
mod gateway;
mod manifests;
mod network;
mod recipes;
mod skaffold;
mod tools;
mod yaml;

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use testkit::paths;

/// One check: its name in the headline and in the summary, and what it does.
struct Step {
    name: &'static str,
    check: fn() -> Result<()>,
}

/// The quickest first, so that a slip shows within seconds.
const STEPS: &[Step] = &[
    Step { name: "format", check: format },
    Step { name: "licences, bans and sources", check: licences },
    Step { name: "unused dependencies", check: unused_dependencies },
    Step { name: "features with and without the tests", check: features::check },
    Step { name: "arrows between rooms", check: arrows::check },
    Step { name: "Kubernetes manifests", check: manifests::check },
    Step { name: "skaffold.yaml", check: skaffold::check },
    Step { name: "Dockerfile", check: recipes::dockerfile },
    Step { name: "workflows", check: recipes::workflows },
    Step { name: "AsyncAPI document", check: contracts::asyncapi },
    Step { name: "variables in the documentation", check: variables },
    Step { name: "clippy", check: clippy },
    Step { name: "documentation", check: documentation },
    Step { name: "HTTP fuzz (short)", check: fuzz },
    Step { name: "tests", check: tests },
    // After the tests, which build what it runs.
    Step { name: "faults (a handful)", check: crate::chaos::handful },
];

/// Runs every check, or those whose name holds one of these texts, and prints, at the end, which of them failed and how
/// long each took.
///
/// # Errors
/// When a check failed, or there is none of that name; the text names those that did, or all.
pub(crate) fn run(only: &[String]) -> Result<()> {
    let chosen = |step: &&Step| only.is_empty() || only.iter().any(|text| step.name.contains(text.as_str()));
    let steps: Vec<&Step> = STEPS.iter().filter(chosen).collect();
    let names = || STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join("; ");
    ensure!(!steps.is_empty(), "no check matches; available: {}", names());
    let reports: Vec<Report> = steps.iter().map(|step| report(step)).collect();
    say("\nsummary of `cargo xtask ci`");
    for report in &reports {
        say(&report.line());
    }
    let failed: Vec<&str> = reports.iter().filter(|report| report.failed).map(|report| report.name).collect();
    ensure!(failed.is_empty(), "{} of {} checks failed: {}", failed.len(), steps.len(), failed.join("; "));
    Ok(())
}

/// How one check went.
struct Report {
    name: &'static str,
    failed: bool,
    took: Duration,
}

impl Report {
    fn line(&self) -> String {
        let verdict = if self.failed { "FAILED" } else { "ok" };
        format!("  {verdict:<6} {:>7.1} s  {}", self.took.as_secs_f64(), self.name)
    }
}

fn report(step: &Step) -> Report {
    say(&format!("\n=== {}", step.name));
    let started = Instant::now();
    let outcome = (step.check)();
    if let Err(error) = &outcome {
        say(&format!("{error:#}"));
    }
    let report = Report { name: step.name, failed: outcome.is_err(), took: started.elapsed() };
    say(&report.line());
    report
}

fn format() -> Result<()> {
    succeed(cargo().args(["fmt", "--all", "--check"])).context("`cargo fmt --all` repairs it")
}

fn clippy() -> Result<()> {
    succeed(cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"]))
}

fn documentation() -> Result<()> {
    succeed(
        cargo()
            .args(["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )
}

/// Bans, licences and sources only: see `deny.toml` for why no advisories.
fn licences() -> Result<()> {
    let cargo_deny = tools::CARGO_DENY.locate()?;
    succeed(here(Command::new(cargo_deny)).args([
        "--workspace",
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]))
}

fn unused_dependencies() -> Result<()> {
    let cargo_shear = tools::CARGO_SHEAR.locate()?;
    succeed(here(Command::new(cargo_shear)).args(["--deny-warnings", "--locked"]))
}

fn variables() -> Result<()> {
    crate::configuration::FILE.check()
}

/// The platform is built here for the tests as well.
fn fuzz() -> Result<()> {
    ::fuzz::run(&::fuzz::Options::default())
}

/// The command of the README, run as a person would run it.
fn tests() -> Result<()> {
    succeed(cargo().args(["xtask", "test"]))
}

fn cargo() -> Command {
    here(testkit::cargo())
}

/// The same command, started in the root of the repository.
fn here(mut command: Command) -> Command {
    command.current_dir(paths::repository());
    command
}

/// Shows a command, runs it with its output in sight, and insists that it succeeds.
fn succeed(command: &mut Command) -> Result<()> {
    let line = line(command);
    say(&format!("$ {line}"));
    let status = command.status().with_context(|| format!("cannot start `{line}`: is it installed?"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// The command as a person would type it, without the folders of a long program path.
fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[expect(
    clippy::print_stderr,
    reason = "a tool that talks to a person; cargo's own output goes there as well"
)]
fn say(line: &str) {
    eprintln!("{line}");
}
