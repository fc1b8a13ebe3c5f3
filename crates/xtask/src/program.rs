//! The programs of this repository that are commands of `cargo xtask` and binaries of their own.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use testkit::paths;

/// Builds one in this profile (cargo's name for it) and runs it; the exit status is its own.
///
/// # Errors
/// When it does not build, or can't be started.
pub(crate) fn run(profile: &str, name: &str, arguments: &[String]) -> Result<ExitCode> {
    let mut program = Command::new(testkit::build_in(profile, name)?);
    program.current_dir(paths::repository()).args(arguments);
    let status = program.status().with_context(|| format!("run {name}"))?;
    Ok(crate::exit_code(status.code()))
}
