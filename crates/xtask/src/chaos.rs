//! `cargo xtask chaos`: builds the fault suite and our services as they ship, and runs it.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use testkit::paths;

use crate::program;

/// With this the services are those that a test run has built already.
const DEBUG: &str = "--debug-binaries";

/// Runs it; the exit status is its own.
///
/// # Errors
/// When it does not build, or can't be started.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    if arguments.iter().any(|argument| argument == DEBUG) {
        return program::run("dev", "chaos", arguments);
    }
    paths::say("chaos: builds everything in the release profile, which the first time takes minutes");
    program::run("release", "chaos", arguments)
}

/// A handful of episodes for every change: what can be lost is lost, and processes and networks break meanwhile.
const HANDFUL: [&str; 9] = [
    DEBUG,
    "--seed",
    "34",
    "--episodes",
    "5",
    "--parallel",
    "2",
    "--faults",
    "kill,stop,redis-wiped,redis-failover,redis-older,nats-older,nats-leader-killed,stream-deleted,postgres-failover",
];

/// Plays the handful.
///
/// # Errors
/// When an invariant is broken, an episode can't be played, or no fault was in force.
pub(crate) fn handful() -> Result<()> {
    let code = run(&HANDFUL.map(str::to_owned))?;
    ensure!(code == ExitCode::SUCCESS, "the handful did not end well, and why is said above");
    Ok(())
}
