//! `cargo xtask screenshots` and `cargo xtask measure-pages`: the shop in a real browser.

use std::process::ExitCode;

use anyhow::Result;
use testkit::paths;

use crate::program;

/// Takes pictures; the exit status is the command's own.
///
/// # Errors
/// When it does not build, or can't be started.
pub(crate) fn screenshots(arguments: &[String]) -> Result<ExitCode> {
    run("dev", "screenshots", arguments)
}

/// Measures the pages as they ship; the exit status is the command's own.
///
/// # Errors
/// When it does not build, or can't be started.
pub(crate) fn measure(arguments: &[String]) -> Result<ExitCode> {
    paths::say("measure-pages: builds everything in the release profile, which the first time takes minutes");
    run("release", "measure-pages", arguments)
}

fn run(profile: &str, command: &str, arguments: &[String]) -> Result<ExitCode> {
    program::run(profile, "showcase", &[&[command.to_owned()], arguments].concat())
}
