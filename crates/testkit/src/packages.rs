//! The machine's package manager, the last resort.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::{command::run, paths};

/// Whether Debian's package manager is there and we may use it.
pub(crate) fn can_install() -> bool {
    paths::is_root() && Path::new("/usr/bin/apt-get").exists()
}

/// Installs Debian packages; ask [`can_install`] first.
pub(crate) fn install(names: &[&str]) -> Result<()> {
    paths::say(&format!("apt-get install {}", names.join(" ")));
    let install = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(names);
        command
    };
    if run(&mut install()).is_ok() {
        return Ok(());
    }
    // A fresh image knows no package until it has updated its lists, so the first failure is normal.
    run(Command::new("apt-get").args(["update", "--quiet"]))?;
    run(&mut install())
}
