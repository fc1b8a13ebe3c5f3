//! Copies of a server's files, to put an older state back as a restore from a backup does.

use std::path::Path;

use anyhow::Result;

use crate::{
    files::copy_aside,
    paths,
    scratch_dir::{Directory, ScratchDir},
    user::User,
};

/// The files of a server as they were at one moment; removed on drop.
#[derive(Debug)]
pub struct Snapshot {
    directory: Directory,
}

const DATA: &str = "data";

impl Snapshot {
    /// Copies the directory. Nobody may write in it meanwhile.
    pub(crate) async fn of(data: &Path) -> Result<Self> {
        let directory = ScratchDir::get()?.directory("snapshot")?;
        let copy = directory.path().join(DATA);
        copy_aside(data, &copy, None).await?;
        Ok(Self { directory })
    }

    /// Makes the directory what it was; what came into it since is lost.
    pub(crate) async fn put_back(&self, data: &Path, owner: Option<User>) -> Result<()> {
        paths::remove(data)?;
        copy_aside(&self.directory.path().join(DATA), data, owner).await
    }
}
