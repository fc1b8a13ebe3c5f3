//! The services as they were before the current change, for a test of two versions side by side.

use common::Service;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result, bail};

use testkit::{command, paths};

/// The commit of the release before: at each release, put here the commit that is in production.
const COMMIT: &str = "caceeaf4a972e53a855d167f53c71b1fdcf2f108";

/// The directory with the services' binaries of the release before; they are built the first time, which takes minutes,
/// and kept in `.dev/releases`.
///
/// A copy of the sources without their history knows no release before: then these are the current binaries, and a line
/// says so.
///
/// # Errors
/// When it does not compile, or the directory can't be written.
pub fn release_before() -> Result<PathBuf> {
    // Tests of one process wait for each other here, processes at the lock.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let releases = paths::dev().join("releases");
    let _lock = paths::lock(&releases, COMMIT)?;
    let programs = releases.join(COMMIT);
    if programs.is_dir() {
        return Ok(programs);
    }
    if !is_known() {
        paths::say(&format!(
            "this copy has no commit {COMMIT}: the current build stands in for the release before \
             (`git fetch --unshallow` brings the history)"
        ));
        return current();
    }
    paths::say(&format!("builds the services of the release before, {COMMIT}; the first time takes minutes"));
    let workshop = releases.join("workshop");
    clear(&workshop)?;
    build(&workshop)?;
    fs::rename(workshop.join("programs"), &programs)
        .with_context(|| format!("make {}", programs.display()))?;
    clear(&workshop)?;
    Ok(programs)
}

/// A shallow clone asks where it came from.
fn is_known() -> bool {
    let here = |arguments: &[&str]| command::run(git().args(arguments)).is_ok();
    here(&["cat-file", "-e", COMMIT]) || here(&["fetch", "--quiet", "--depth", "1", "origin", COMMIT])
}

fn current() -> Result<PathBuf> {
    let mut directory = None;
    for name in Service::OURS {
        let program = testkit::ServiceProcess::build_and_locate(name.as_str())?;
        directory = program.parent().map(Path::to_path_buf);
    }
    directory.context("the directory of the services' binaries")
}

/// In a target directory of its own: in that of the current sources the binaries would take each other's place. What both
/// have in common, which is most of the dependencies, is compiled once.
fn build(workshop: &Path) -> Result<()> {
    let (sources, target, programs) =
        (workshop.join("sources"), workshop.join("target"), workshop.join("programs"));
    for directory in [&sources, &programs] {
        fs::create_dir_all(directory).with_context(|| format!("make {}", directory.display()))?;
    }
    let archive = workshop.join("sources.tar");
    command::run(git().args(["archive", "--format=tar", "--output"]).arg(&archive).arg(COMMIT))?;
    command::run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&sources))?;
    let mut cargo = command::cargo();
    cargo.current_dir(&sources).args(["build", "--locked", "--target-dir"]).arg(&target);
    let shared =
        paths::variable("CARGO_TARGET_DIR").map_or_else(|| paths::repository().join("target"), PathBuf::from);
    cargo.env("CARGO_BUILD_BUILD_DIR", shared).env("CARGO_INCREMENTAL", "0");
    // Nobody debugs it, and without that it builds in half the time.
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "0");
    // With the same features, or what both have in common is compiled again.
    cargo.args(["--package", "testkit"]);
    // A service that this release brings was not there yet.
    let there = |name: &Service| sources.join("crates").join(name.as_str()).is_dir();
    let services: Vec<Service> = Service::OURS.into_iter().filter(there).collect();
    for name in &services {
        cargo.args(["--package", name.as_str(), "--bin", name.as_str()]);
    }
    let status = cargo.status().context("run cargo build")?;
    if !status.success() {
        bail!("cargo build of the release before, {COMMIT}, failed");
    }
    for name in services {
        let (built, kept) = (target.join("debug").join(name.as_str()), programs.join(name.as_str()));
        fs::copy(&built, &kept).with_context(|| format!("copy {} to {}", built.display(), kept.display()))?;
    }
    Ok(())
}

fn clear(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory).with_context(|| format!("remove {}", directory.display()))?;
    }
    Ok(())
}

/// Also where the repository belongs to somebody else, as in a container.
fn git() -> Command {
    let mut git = Command::new("git");
    let mut safe = std::ffi::OsString::from("safe.directory=");
    safe.push(paths::repository());
    // A clone that can't bring the commit must not ask for a password.
    git.current_dir(paths::repository()).env("GIT_TERMINAL_PROMPT", "0").arg("-c").arg(safe);
    git
}
