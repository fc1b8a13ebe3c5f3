//! Where things lie: the repository, its cache `.dev/`, and the environment of this process.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// The root of this repository, as it was when this crate was compiled.
pub fn repository() -> PathBuf {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    root.canonicalize().unwrap_or_else(|_| root.to_path_buf())
}

/// The repository's cache of things fetched or built for development, never committed.
pub fn dev() -> PathBuf {
    repository().join(".dev")
}

/// A variable of this process' environment; one that is set to nothing counts as absent.
#[expect(clippy::disallowed_methods, reason = "the services' configuration is not part of this crate")]
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Prints a line of progress: what was taken, what is being fetched or built.
#[expect(clippy::print_stderr, reason = "a tool that talks to a person on a terminal")]
pub fn say(line: &str) {
    eprintln!("testkit: {line}");
}

/// Whether this process runs as root, who may install packages and whom Postgres refuses.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Holds `<dir>/<name>.lock` until dropped, against other threads and other processes alike.
///
/// The kernel gives it back when the process dies, so a crash never leaves it behind.
pub fn lock(dir: &Path, name: &str) -> Result<File> {
    fs::create_dir_all(dir).with_context(|| format!("make the directory {}", dir.display()))?;
    let path = dir.join(format!("{name}.lock"));
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("open the lock file {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => say(&format!("waiting for another process that prepares {name}")),
        Err(TryLockError::Error(error)) => return Err(error).context(format!("lock {}", path.display())),
    }
    file.lock().with_context(|| format!("lock {}", path.display()))?;
    Ok(file)
}

/// Removes a directory with all that is in it, if it is there.
pub(crate) fn remove(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}
