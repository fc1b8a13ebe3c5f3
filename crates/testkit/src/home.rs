//! Where a server keeps its log and its data.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    host::Host,
    scratch_dir::{Directory, ScratchDir},
    user::User,
};

/// The directory of a server, and that of its data, which may lie on a disk of its own.
#[derive(Debug)]
pub(crate) struct Home {
    // The server's directory goes before the disk does.
    directory: Directory,
    data: PathBuf,
    /// Who owns the data, when that is not us.
    pub(crate) user: Option<User>,
    /// Its disk and its clock have to last as long as it does.
    _host: Host,
}

impl Home {
    /// A new one, whose data directory is not there yet.
    pub(crate) fn new(name: &str, user: Option<User>, host: &Host) -> Result<Self> {
        let directory = ScratchDir::get()?.directory(name)?;
        let data = match host.disk() {
            None => directory.path().join("data"),
            Some(disk) => {
                let own = directory.path().file_name().context("the name of the server's directory")?;
                let home = disk.path().join(own);
                fs::create_dir(&home).with_context(|| format!("make the directory {}", home.display()))?;
                home.join("data")
            }
        };
        Ok(Self { directory, data, user, _host: host.clone() })
    }

    /// Its configuration and its log, which a full disk does not hurt.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// What is lost with the disk, and put back from a snapshot.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }
}
