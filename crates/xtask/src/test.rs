//! `cargo xtask test`: the servers and a browser, then `cargo test` on everything.

use std::{process::ExitCode, time::Instant};

use anyhow::{Context, Result};
use testkit::{Servers, paths};

/// Each test has servers of its own, and waits more than it works.
const THREADS: &str = "4";

/// Provides the three servers and a browser, and runs the tests of the workspace; the exit status is cargo's.
///
/// # Errors
/// When a server can't be found or fetched, or cargo can't be run.
pub(crate) fn run(servers: Servers, arguments: &[String]) -> Result<ExitCode> {
    let begin = Instant::now();
    paths::say(
        "runs every test on real NATS, Redis and Postgres servers of their own. \
         The first time it fetches what is missing and builds everything, which takes minutes.",
    );
    servers.choose();
    testkit::provide()?;
    testkit::browser::program()?;
    let mut tests = testkit::cargo();
    tests.env(Servers::VARIABLE, servers.to_string());
    tests.current_dir(paths::repository()).args(["test", "--no-fail-fast"]);
    // Beside --workspace, cargo ignores --package without a word.
    if !arguments.iter().any(|argument| argument.starts_with("-p") || argument.starts_with("--package")) {
        tests.arg("--workspace");
        // Here its progress is seen; a test that builds it says nothing for minutes. The test fails of the same error.
        if let Err(error) = platform::release_before() {
            paths::say(&format!("{error:#}"));
        }
    }
    tests.args(arguments);
    if paths::variable("RUST_TEST_THREADS").is_none() {
        tests.env("RUST_TEST_THREADS", THREADS);
    }
    let status = tests.status().context("run cargo test")?;
    let verdict = if status.success() { "all tests passed" } else { "there are failures, see above" };
    paths::say(&format!("{verdict}, after {} s", begin.elapsed().as_secs()));
    Ok(crate::exit_code(status.code()))
}
