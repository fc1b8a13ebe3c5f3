//! A data directory made once by `initdb`, and copied for each server: a tenth of the time.

use std::{fs, os::unix::process::CommandExt, path::Path, process::Command};

use anyhow::{Context, Result};

use super::shared::{self, key};
use crate::{command::run, files::copy_tree, paths, user::User};

/// Makes `data` a fresh data directory of the user.
pub(super) fn copy(bin: &Path, version: &str, user: Option<User>, data: &Path) -> Result<()> {
    let directory = shared::directory(user)?;
    let uid = user.map_or_else(|| rustix::process::geteuid().as_raw(), |user| user.uid);
    let name = format!("data-{}-{uid}", key(version, bin));
    let template = directory.join(&name);
    if !template.is_dir() {
        let _held = paths::lock(&directory, &name)?;
        if !template.is_dir() {
            initialise(bin, user, &directory, &name)?;
        }
    }
    copy_tree(&template, data, user)
}

fn initialise(bin: &Path, user: Option<User>, directory: &Path, name: &str) -> Result<()> {
    let partial = directory.join(format!("{name}.partial"));
    paths::remove(&partial)?;
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
    let template = directory.join(name);
    fs::rename(&partial, &template).with_context(|| format!("put {} in its place", template.display()))
}
