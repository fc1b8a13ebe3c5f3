//! An image file with a file system, and its mount.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{command::run, paths};

/// Below the disk's directory: where it is mounted, and its image. The watchdog knows neither, it unmounts what it finds.
pub(super) const MOUNT: &str = "mnt";
const IMAGE: &str = "image";

/// Written back seldom, so that a cut of the power loses what nobody synced.
const OPTIONS: &str = "loop,commit=300,noatime";

/// A mounted image. Unmounted on drop, which frees its loop device.
#[derive(Debug)]
pub(super) struct Mounted {
    at: PathBuf,
    /// Locked, which tells others that the disk is in use.
    image: File,
}

impl Mounted {
    /// Whether the programs that it takes are there.
    pub(super) fn programs() -> Result<()> {
        for program in ["mkfs.ext4", "mount", "umount"] {
            if program_path(program).is_none() {
                bail!("a disk of its own needs {program}, which is not installed");
            }
        }
        Ok(())
    }

    /// Makes and mounts an image of so many bytes.
    pub(super) fn new(directory: &Path, bytes: u64) -> Result<Self> {
        let image = directory.join(IMAGE);
        let file = File::create(&image).with_context(|| format!("make {}", image.display()))?;
        file.set_len(bytes).context("give the image its size")?;
        // Without a reserve for root, who would fill the disk for everybody else only.
        run(program("mkfs.ext4")?.args(["-q", "-m", "0", "-b", "1024"]).arg(&image))?;
        let at = directory.join(MOUNT);
        fs::create_dir(&at).with_context(|| format!("make the directory {}", at.display()))?;
        let image = mount(&image, &at)?;
        Ok(Self { at, image })
    }

    /// Mounts what has reached the image in place of what is in memory.
    pub(super) fn cut_power(&mut self, directory: &Path) -> Result<()> {
        let (image, survived) = (directory.join(IMAGE), directory.join("survived"));
        // The image holds what the file system wrote to its device. Unmounting writes the rest, so it is copied before.
        fs::copy(&image, &survived).context("copy what has reached the disk")?;
        run(program("umount")?.arg(&self.at)).context("is a server still running on this disk?")?;
        fs::rename(&survived, &image).context("take the copy instead")?;
        self.image = mount(&image, &self.at)?;
        Ok(())
    }
}

/// Locks it before, so that a mounted image without a lock has lost its process.
fn mount(image: &Path, at: &Path) -> Result<File> {
    let file = File::options().append(true).open(image).context("open the image")?;
    file.try_lock().context("lock the image")?;
    run(program("mount")?.args(["-t", "ext4", "-o", OPTIONS]).arg(image).arg(at))?;
    Ok(file)
}

impl Drop for Mounted {
    fn drop(&mut self) {
        unmount(&self.at);
    }
}

/// Unmounts it; what is still in use goes when it no longer is.
pub(super) fn unmount(at: &Path) {
    let unmounted = |lazily: &[&str]| -> Result<()> { run(program("umount")?.args(lazily).arg(at)) };
    if unmounted(&[]).is_err()
        && let Err(error) = unmounted(&["-l"])
    {
        paths::say(&format!("{error:#}"));
    }
}

/// The image of the disk mounted here, if nobody has it any more.
pub(super) fn abandoned(at: &Path) -> bool {
    let Some(directory) = at.parent() else { return false };
    // An image that is not even there is not one of ours.
    let Ok(image) = File::options().append(true).open(directory.join(IMAGE)) else { return false };
    at.file_name().is_some_and(|name| name == MOUNT) && image.try_lock().is_ok()
}

fn program(name: &str) -> Result<Command> {
    program_path(name).map(Command::new).with_context(|| format!("{name} is not installed"))
}

/// Debian keeps them off the `PATH` of a user who is not root.
fn program_path(name: &str) -> Option<PathBuf> {
    let path = paths::variable("PATH").unwrap_or_default();
    let mut directories: Vec<_> = std::env::split_paths(&path).collect();
    directories.extend(["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from));
    directories.into_iter().map(|directory| directory.join(name)).find(|path| path.is_file())
}
