//! The user who runs Postgres when we are root, whom it refuses.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::Path,
};

use anyhow::{Context, Result};

use crate::paths;

/// A user and his first group, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl User {
    /// `postgres` if there is one, else `nobody`; none when we are not root and need no other.
    pub(crate) fn for_postgres() -> Result<Option<Self>> {
        if !paths::is_root() {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").context("read /etc/passwd")?;
        let user = ["postgres", "nobody"].iter().find_map(|name| Self::find(&users, name));
        user.map(Some).context("Postgres refuses to run as root, and there is no user `postgres` or `nobody`")
    }

    fn find(users: &str, name: &str) -> Option<Self> {
        let fields: Vec<_> =
            users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|f| f[0] == name)?;
        Some(Self { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? })
    }

    /// Makes this user the owner of one file or directory.
    pub(crate) fn own(self, path: &Path) -> Result<()> {
        chown(path, Some(self.uid), Some(self.gid))
            .with_context(|| format!("change the owner of {}", path.display()))
    }

    /// Whether this user gets through every directory down to this one.
    pub(crate) fn can_reach(self, directory: &Path) -> bool {
        directory.ancestors().all(|part| {
            fs::metadata(part).is_ok_and(|data| {
                let bit = match data {
                    _ if data.uid() == self.uid => 0o100,
                    _ if data.gid() == self.gid => 0o010,
                    _ => 0o001,
                };
                data.mode() & bit != 0
            })
        })
    }
}
