//! `cargo xtask bench`: builds the benchmark and our services as they ship, and runs it.

use std::process::ExitCode;

use anyhow::Result;
use testkit::paths;

use crate::program;

/// Runs it in the release profile; the exit status is its own.
///
/// # Errors
/// When it does not build, or can't be started.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    paths::say("bench: builds everything in the release profile, which the first time takes minutes");
    program::run("release", "bench", arguments)
}
