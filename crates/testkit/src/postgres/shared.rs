//! What all test processes share on disk: copies of an installation, and data directories to copy.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{paths, user::User};

/// Changes with the server's version and its place, and with nothing else.
pub(super) fn key(version: &str, bin: &Path) -> String {
    let mut hash = DefaultHasher::new();
    (version, bin).hash(&mut hash);
    format!("{:016x}", hash.finish())
}

/// Where copies and templates are kept for all processes: in the repository's cache, or in a temporary directory when
/// the user can't go there.
pub(super) fn directory(user: Option<User>) -> Result<PathBuf> {
    let cache = paths::dev().join("postgres");
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
