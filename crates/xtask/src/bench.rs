//! `cargo xtask bench`: builds the benchmark and our services as they ship, and runs it.

use std::process::ExitCode;

use anyhow::{Context, Result};
use testkit::paths;

/// Runs it in the release profile; the exit status is its own.
///
/// # Errors
/// When cargo can't be run.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    paths::say("bench: builds everything in the release profile, which the first time takes minutes");
    let mut bench = testkit::cargo();
    bench.current_dir(paths::repository());
    bench.args(["run", "--quiet", "--release", "--package", "bench", "--"]).args(arguments);
    let status = bench.status().context("run cargo")?;
    Ok(crate::exit_code(status.code()))
}
