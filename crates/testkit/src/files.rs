//! Copies of whole directories.

use std::{fs, io, path::Path};

use anyhow::{Context, Result};

use crate::user::User;

/// Copies a directory with all that is in it; each part gets the owner, if one is given.
///
/// A file that is removed meanwhile is left out.
pub(crate) fn copy_tree(from: &Path, to: &Path, owner: Option<User>) -> Result<()> {
    let data = fs::metadata(from).with_context(|| format!("look at {}", from.display()))?;
    fs::create_dir(to).with_context(|| format!("make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("list {}", from.display()))? {
        let entry = entry.with_context(|| format!("list {}", from.display()))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_tree(&source, &target, owner)?;
            continue;
        }
        match fs::copy(&source, &target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            copied => copied.with_context(|| format!("copy {}", source.display()))?,
        };
        if let Some(owner) = owner {
            owner.own(&target)?;
        }
    }
    fs::set_permissions(to, data.permissions())
        .with_context(|| format!("set the mode of {}", to.display()))?;
    owner.map_or(Ok(()), |owner| owner.own(to))
}

/// [`copy_tree`] in a thread of its own: what may be a million messages must not hold up others on this runtime.
pub(crate) async fn copy_aside(from: &Path, to: &Path, owner: Option<User>) -> Result<()> {
    let (from, to) = (from.to_path_buf(), to.to_path_buf());
    let copy = tokio::task::spawn_blocking(move || copy_tree(&from, &to, owner));
    copy.await.context("copy in a thread of its own")?
}
