//! A small disk of its own for the data of a server: it can be filled, and can lose what was not synced.
//!
//! An ext4 file system in an image file, mounted by a loop device, which needs root. The watchdog unmounts it when this
//! process dies; what a watchdog left that was killed as well is unmounted when the next disk is made.

mod image;
mod leftover;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result, ensure};
use rustix::{
    fs::{FallocateFlags, fallocate, statvfs},
    io::Errno,
};

use crate::{
    paths,
    scratch_dir::{Directory, ScratchDir},
};
use image::{MOUNT, Mounted};

/// A mounted disk, shared with the servers on it, and gone with the last of them.
#[derive(Clone, Debug)]
pub struct Disk {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    // Unmounted before the directory with its image is removed.
    mounted: Mutex<Mounted>,
    directory: Directory,
}

/// The file that takes the space when the disk is full.
const BALLAST: &str = "ballast";

impl Disk {
    /// Whether this machine can make one, or why not.
    ///
    /// # Errors
    /// The reason, for a person.
    pub fn available() -> Result<()> {
        ensure!(cfg!(target_os = "linux"), "a disk of its own needs Linux");
        ensure!(paths::is_root(), "a disk of its own needs root, who may mount it");
        ensure!(Path::new("/dev/loop-control").exists(), "a disk of its own needs loop devices");
        Mounted::programs()
    }

    /// Makes one of this many megabytes, some of which the file system needs for itself. Postgres wants 200 at least.
    ///
    /// # Errors
    /// As [`Self::available`], and when it can't be made or mounted.
    pub fn of_megabytes(size: u64) -> Result<Self> {
        Self::available()?;
        leftover::clear()?;
        let directory = ScratchDir::get()?.directory("disk")?;
        let mounted = Mounted::new(directory.path(), size << 20)?;
        Ok(Self { inner: Arc::new(Inner { mounted: Mutex::new(mounted), directory }) })
    }

    /// Where it is mounted.
    pub fn path(&self) -> PathBuf {
        self.inner.directory.path().join(MOUNT)
    }

    /// How many bytes a server could still write.
    ///
    /// # Errors
    /// When the file system does not tell.
    pub fn free_bytes(&self) -> Result<u64> {
        let state = statvfs(self.path()).context("ask for the free space")?;
        Ok(state.f_bavail * state.f_frsize)
    }

    /// Takes all the space that is left: the next write that needs some fails with `ENOSPC`.
    ///
    /// # Errors
    /// When the space can't be taken.
    pub fn fill(&self) -> Result<()> {
        let path = self.path().join(BALLAST);
        let file = File::options().create(true).append(true).open(&path).context("make the ballast")?;
        let mut length = file.metadata().context("look at the ballast")?.len();
        let mut step = 64 << 20;
        // Smaller and smaller pieces, down to a block of the file system.
        while step >= 1024 {
            match fallocate(&file, FallocateFlags::empty(), length, step) {
                Ok(()) => length += step,
                Err(Errno::NOSPC) => step /= 2,
                Err(error) => return Err(error).context("fill the disk"),
            }
        }
        Ok(())
    }

    /// Gives back what [`Self::fill`] took; else without effect.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn free(&self) -> Result<()> {
        match fs::remove_file(self.path().join(BALLAST)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            removed => removed.context("free the disk")?,
        }
        // The room is there once the file system has written down that the file is gone.
        let root = fs::File::open(self.path()).context("open the disk")?;
        rustix::fs::syncfs(root).context("sync the disk")
    }

    /// Loses what was written and not synced, as when the power is cut. Every server on it has to be killed before.
    ///
    /// # Errors
    /// When something on the disk is in use, or it can't be mounted again.
    pub fn cut_power(&self) -> Result<()> {
        let mut mounted = self.mounted();
        mounted.cut_power(self.inner.directory.path())
    }

    fn mounted(&self) -> MutexGuard<'_, Mounted> {
        self.inner.mounted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
