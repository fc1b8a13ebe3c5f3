//! Disks whose process is dead and whose watchdog was killed too.

use std::{
    ffi::OsString,
    fs,
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::image;

/// Unmounts them, and removes what else their process left.
pub(super) fn clear() -> Result<()> {
    let mounts = fs::read_to_string("/proc/mounts").context("read /proc/mounts")?;
    for at in mounts.lines().filter_map(mount_point).filter(|at| of_a_disk(at)) {
        // A disk that is being made is locked a moment after its image is there, and mounted after that.
        if image::abandoned(&at) {
            image::unmount(&at);
            if let Some(directory) = at.parent() {
                // Not the rest: another user's process may keep it on purpose.
                let _ = fs::remove_dir_all(directory);
            }
        }
    }
    Ok(())
}

/// `<anywhere>/testkit-process-<random>/disk-<n>/mnt`
fn of_a_disk(at: &Path) -> bool {
    let name =
        |level: usize| at.ancestors().nth(level).and_then(Path::file_name).and_then(|name| name.to_str());
    name(1).is_some_and(|name| name.starts_with("disk-"))
        && name(2).is_some_and(|name| name.starts_with("testkit-process-"))
}

/// The second field of a line, in which the kernel writes a space as `\040`.
fn mount_point(line: &str) -> Option<PathBuf> {
    let mut rest = line.split(' ').nth(1)?.as_bytes();
    let mut path = Vec::new();
    while let Some((first, others)) = rest.split_first() {
        let escaped = (*first == b'\\').then(|| others.get(..3)).flatten();
        let digits = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        path.push(code.unwrap_or(*first));
        rest = if code.is_some() { &others[3..] } else { others };
    }
    Some(PathBuf::from(OsString::from_vec(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_of_ours_is_known_by_its_path_also_with_a_space_in_it() {
        let line = r"/dev/loop0 /tmp/with\040a\040space/testkit-process-x/disk-3/mnt ext4 rw,noatime 0 0";
        let at = mount_point(line).unwrap();
        assert_eq!(at, Path::new("/tmp/with a space/testkit-process-x/disk-3/mnt"));
        assert!(of_a_disk(&at));
        assert!(!of_a_disk(Path::new("/elsewhere/disk-3/mnt")));
    }
}
