//! Which release of each service is started: links to its program, which a rolling restart turns to another.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use common::Service;

/// A directory of links.
#[derive(Debug)]
pub(crate) struct Programs {
    directory: PathBuf,
    /// Where those are that count as the current ones, if not where they are built.
    current: Option<PathBuf>,
    /// The command `topology`.
    topology: PathBuf,
}

impl Programs {
    /// Links to the programs in `current`, or to those of the sources, which are built first where they are older.
    pub(crate) async fn in_directory(directory: PathBuf, current: Option<PathBuf>) -> Result<Self> {
        fs::create_dir_all(&directory).with_context(|| format!("make {}", directory.display()))?;
        let topology = located("topology").await?;
        let programs = Self { directory, current, topology };
        for name in Service::OURS {
            programs.use_current(name).await?;
        }
        Ok(programs)
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn topology(&self) -> &Path {
        &self.topology
    }

    /// From now on this service starts as it is now.
    pub(crate) async fn use_current(&self, name: Service) -> Result<()> {
        if let Some(current) = &self.current {
            let program = current.join(name.as_str());
            return if program.is_file() { self.link(name, &program) } else { Ok(()) };
        }
        self.link(name, &located(name.as_str()).await?)
    }

    /// From now on this service starts as it was in the release before; `false` if there was none of it.
    pub(crate) async fn use_release_before(&self, name: Service) -> Result<bool> {
        let releases = tokio::task::spawn_blocking(platform::release_before);
        let program = releases.await.context("build in a thread of its own")??.join(name.as_str());
        if !program.is_file() {
            return Ok(false);
        }
        self.link(name, &program)?;
        Ok(true)
    }

    /// At once: a process that starts meanwhile finds the one or the other.
    fn link(&self, name: Service, program: &Path) -> Result<()> {
        let (link, new) = (self.directory.join(name.as_str()), self.directory.join(format!(".{name}")));
        let _ = fs::remove_file(&new);
        symlink(program, &new).with_context(|| format!("make a link to {}", program.display()))?;
        fs::rename(&new, &link).with_context(|| format!("turn {}", link.display()))
    }
}

/// A program of the sources, which is built first where it is older.
async fn located(name: &'static str) -> Result<PathBuf> {
    let located = tokio::task::spawn_blocking(move || testkit::locate(name));
    located.await.context("build in a thread of its own")?
}
