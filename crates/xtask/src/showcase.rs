//! `cargo xtask screenshots` and `cargo xtask measure-pages`: the shop in a real browser.

use std::process::ExitCode;

use anyhow::{Context, Result};
use testkit::paths;

/// Takes pictures; the exit status is the command's own.
///
/// # Errors
/// When cargo can't be run.
pub(crate) fn screenshots(arguments: &[String]) -> Result<ExitCode> {
    run("dev", "screenshots", arguments)
}

/// Measures the pages as they ship; the exit status is the command's own.
///
/// # Errors
/// When cargo can't be run.
pub(crate) fn measure(arguments: &[String]) -> Result<ExitCode> {
    paths::say("measure-pages: builds everything in the release profile, which the first time takes minutes");
    run("release", "measure-pages", arguments)
}

fn run(profile: &str, command: &str, arguments: &[String]) -> Result<ExitCode> {
    let mut showcase = testkit::cargo();
    showcase.current_dir(paths::repository());
    showcase.args(["run", "--quiet", "--profile", profile, "--package", "showcase", "--", command]);
    let status = showcase.args(arguments).status().context("run cargo")?;
    Ok(crate::exit_code(status.code()))
}
