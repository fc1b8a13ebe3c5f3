//! A data directory made once by `initdb`, and copied for each server: a tenth of the time.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::process::CommandExt,
    path::Path,
    process::Command,
};

use anyhow::{Context, Result};

use super::install::{copy_tree, remove, shared_directory};
use crate::{command::run, layout, user::User};

/// Makes `data` a fresh data directory of the user.
pub(super) fn copy(bin: &Path, version: &str, user: Option<User>, data: &Path) -> Result<()> {
    let shared = shared_directory(user)?;
    let uid = user.map_or_else(|| rustix::process::geteuid().as_raw(), |user| user.uid);
    let name = format!("data-{}-{uid}", key(version, bin));
    let template = shared.join(&name);
    if !template.is_dir() {
        let _held = layout::lock(&shared, &name)?;
        if !template.is_dir() {
            initialise(bin, user, &shared, &name)?;
        }
    }
    copy_tree(&template, data, user)
}

/// Changes with the server's version and its place, and with nothing else.
pub(super) fn key(version: &str, bin: &Path) -> String {
    let mut hash = DefaultHasher::new();
    (version, bin).hash(&mut hash);
    format!("{:016x}", hash.finish())
}

fn initialise(bin: &Path, user: Option<User>, shared: &Path, name: &str) -> Result<()> {
    let partial = shared.join(format!("{name}.partial"));
    remove(&partial)?;
    fs::create_dir(&partial).with_context(|| format!("make {}", partial.display()))?;
    let mut initdb = Command::new(bin.join("initdb"));
    initdb
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
        .arg("--pgdata")
        .arg(&partial)
        .env_clear()
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("PATH", "/usr/bin:/bin")
        .current_dir(&partial);
    if let Some(user) = user {
        user.own(&partial)?;
        initdb.uid(user.uid).gid(user.gid);
    }
    run(&mut initdb).context("make a Postgres data directory")?;
    let template = shared.join(name);
    fs::rename(&partial, &template).with_context(|| format!("put {} in its place", template.display()))
}
