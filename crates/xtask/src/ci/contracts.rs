//! The published contracts are current, and valid by those who define their language.

use std::{fs, path::Path, path::PathBuf};

use anyhow::{Context, Result};
use testkit::paths;

use super::{here, node::Node, succeed};
use crate::asyncapi;

/// Where the validator and its lock file are.
const VALIDATOR: &str = "crates/xtask/asyncapi";
const SCRIPT: &str = "validate.js";
const LOCK: &str = "package-lock.json";

/// The document of the events is what the types say, and AsyncAPI's own parser takes it without a warning.
pub(super) fn asyncapi() -> Result<()> {
    asyncapi::FILE.check()?;
    let node = Node::locate()?;
    let script = install(&node)?.join(SCRIPT);
    succeed(here(node.node()).arg(script).arg(asyncapi::FILE.file))
        .with_context(|| format!("{} breaks AsyncAPI's rules", asyncapi::FILE.file))
}

/// Installs the validator in the repository's cache, once for each state of its lock file, and returns its directory.
fn install(node: &Node) -> Result<PathBuf> {
    let source = paths::repository().join(VALIDATOR);
    let target = paths::dev().join("asyncapi");
    fs::create_dir_all(&target).with_context(|| format!("make the directory {}", target.display()))?;
    copy(&source, &target, SCRIPT)?;
    let wanted = fs::read(source.join(LOCK)).with_context(|| format!("read {VALIDATOR}/{LOCK}"))?;
    // Written last, so an installation that broke off does not count.
    let installed = target.join("installed.json");
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(target);
    }
    for file in [".npmrc", "package.json", LOCK] {
        copy(&source, &target, file)?;
    }
    let mut npm = node.npm();
    succeed(npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&target))
        .context("is the package registry reachable from here?")?;
    fs::write(&installed, wanted).with_context(|| format!("write {}", installed.display()))?;
    Ok(target)
}

fn copy(from: &Path, to: &Path, file: &str) -> Result<()> {
    fs::copy(from.join(file), to.join(file))
        .with_context(|| format!("copy {} to {}", from.join(file).display(), to.display()))?;
    Ok(())
}
