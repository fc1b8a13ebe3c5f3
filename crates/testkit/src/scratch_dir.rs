//! The temporary directory of this process and the watchdog that removes it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Context, Result, anyhow};

use crate::{paths, watchdog::Watchdog};

/// What belongs to this process as a whole and is cleared up when it is gone.
pub(crate) struct ScratchDir {
    root: PathBuf,
    keep: bool,
    pub(crate) watchdog: Watchdog,
}

impl ScratchDir {
    /// The one space of this process.
    pub(crate) fn get() -> Result<&'static Self> {
        static SPACE: OnceLock<Result<ScratchDir, String>> = OnceLock::new();
        SPACE
            .get_or_init(|| Self::open().map_err(|error| format!("{error:#}")))
            .as_ref()
            .map_err(|error| anyhow!("{error}"))
    }

    fn open() -> Result<Self> {
        let keep = paths::variable("TESTKIT_KEEP").is_some();
        // Root starts Postgres as another user, who has to get through; names below are his only if he is told them.
        let mode = if paths::is_root() { 0o711 } else { 0o700 };
        let root = tempfile::Builder::new()
            .prefix("testkit-process-")
            .permissions(fs::Permissions::from_mode(mode))
            .tempdir()
            .context("make a temporary directory")?
            .keep();
        // As the kernel names what is mounted below it.
        let root = root.canonicalize().context("resolve the temporary directory")?;
        if keep {
            paths::say(&format!("TESTKIT_KEEP is set: data and logs stay in {}", root.display()));
        }
        let watchdog = Watchdog::start(&root, keep)?;
        Ok(Self { root, keep, watchdog })
    }

    /// A new directory below, named for its server.
    pub(crate) fn directory(&self, name: &str) -> Result<Directory> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = self.root.join(format!("{name}-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        fs::create_dir(&path).with_context(|| format!("make the directory {}", path.display()))?;
        Ok(Directory { path, keep: self.keep })
    }
}

/// A directory that is removed on drop.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    keep: bool,
}

impl Directory {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it until this process ends.
    pub(crate) fn keep(mut self) -> PathBuf {
        self.keep = true;
        self.path.clone()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !self.keep {
            // What can't be removed now is removed by the watchdog.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
