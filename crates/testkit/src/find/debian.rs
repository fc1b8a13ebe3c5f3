//! Programs out of Debian's packages, unpacked into `.dev/` without root: what no wheel carries.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{command::run, paths};

/// A program in packages of Debian 12.
pub(super) struct Debian {
    /// With the libraries that they depend on.
    pub(super) packages: &'static [&'static str],
    /// Where the packages have their binaries, and which of them are started.
    pub(super) directory: &'static str,
    pub(super) binaries: &'static [&'static str],
}

const UNPACK: &str = include_str!("debian.py");

impl Debian {
    /// The first binary, unpacked under `.dev/debian/<package>/` unless it is there already.
    ///
    /// Each is a script in `bin/` that starts the real one in `lib/` with its own libraries: that way a copy of the
    /// directory works as well.
    ///
    /// # Errors
    /// When Debian's archive can't be reached or has no package for this platform.
    pub(super) fn fetch(&self) -> Result<PathBuf> {
        let (all, name) = (paths::dev().join("debian"), self.packages[0]);
        let (target, first) = (all.join(name), self.binaries[0]);
        if !target.is_dir() {
            let _held = paths::lock(&all, name)?;
            if !target.is_dir() {
                paths::say(&format!("fetching {name} from Debian 12 into {}", target.display()));
                self.unpack(&all.join(format!("{name}.partial")), &target)?;
            }
        }
        Ok(target.join("bin").join(first))
    }

    fn unpack(&self, partial: &Path, target: &Path) -> Result<()> {
        paths::remove(partial)?;
        let mut unpack = Command::new("python3");
        unpack.args(["-c", UNPACK]).arg(partial.join("lib")).args(self.packages);
        run(&mut unpack).with_context(|| {
            format!("fetch {}: is deb.debian.org reachable from here?", self.packages.join(" and "))
        })?;
        fs::create_dir(partial.join("bin")).context("make a directory for the binaries")?;
        for binary in self.binaries {
            let script = partial.join("bin").join(binary);
            let start = format!(
                "#!/bin/sh\nlib=\"${{0%/*}}/../lib\"\n\
                 for each in \"$lib\"/usr/lib/*-linux-gnu \"$lib\"/lib/*-linux-gnu \"$lib\"/usr/lib/*-linux-gnu/pulseaudio; do\n\
                 \x20 LD_LIBRARY_PATH=$each:$LD_LIBRARY_PATH\ndone\n\
                 export LD_LIBRARY_PATH\nexec \"$lib/{}/{binary}\" \"$@\"\n",
                self.directory
            );
            fs::write(&script, start).with_context(|| format!("write {}", script.display()))?;
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755))
                .with_context(|| format!("make {} executable", script.display()))?;
        }
        fs::rename(partial, target).with_context(|| format!("put {} in its place", target.display()))
    }
}
