//! Packages from npm's registry, pinned with their checksums by a lock file that lies in the repository.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{command::run, node::Node, paths};

/// Installs what the `package.json` and its lock file in a directory of this repository say to `.dev/npm/<name>/`,
/// beside a copy of the other files there, and returns that directory. No script of a package is run.
///
/// Done once for each state of those files. Safe to call from several processes at once.
///
/// # Errors
/// When the registry can't be reached or has something else than the lock file says.
pub fn install(node: &Node, source: &str, name: &str) -> Result<PathBuf> {
    let files = files(&paths::repository().join(source))?;
    let all = paths::dev().join("npm");
    let target = all.join(name);
    if is_installed(&target, &files) {
        return Ok(target);
    }
    let _held = paths::lock(&all, name)?;
    if is_installed(&target, &files) {
        return Ok(target);
    }
    paths::say(&format!("fetching {name} from npm's registry into {}", target.display()));
    let partial = all.join(format!("{name}.partial"));
    paths::remove(&partial)?;
    fs::create_dir_all(&partial).with_context(|| format!("make the directory {}", partial.display()))?;
    for (file, content) in &files {
        let copy = partial.join(file);
        fs::write(&copy, content).with_context(|| format!("write {}", copy.display()))?;
    }
    let mut npm = node.npm();
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&partial);
    run(&mut npm).context("is the package registry reachable from here?")?;
    paths::remove(&target)?;
    fs::rename(&partial, &target).with_context(|| format!("put {} in its place", target.display()))?;
    Ok(target)
}

/// Every file of a directory with its content.
fn files(directory: &Path) -> Result<BTreeMap<OsString, Vec<u8>>> {
    let what = || format!("read {}", directory.display());
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).with_context(what)? {
        let entry = entry.with_context(what)?;
        if entry.path().is_file() {
            files.insert(entry.file_name(), fs::read(entry.path()).with_context(what)?);
        }
    }
    Ok(files)
}

/// The directory is put in its place whole, so what has the same files has the same packages.
fn is_installed(target: &Path, files: &BTreeMap<OsString, Vec<u8>>) -> bool {
    files.iter().all(|(file, content)| fs::read(target.join(file)).is_ok_and(|there| there == *content))
}
