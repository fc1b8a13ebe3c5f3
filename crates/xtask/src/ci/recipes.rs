//! The Dockerfile and the workflows, by those who know what goes wrong in them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use testkit::paths;

use super::{here, succeed, tools};

const WORKFLOWS: &str = ".github/workflows";

/// hadolint: an exception stands in the Dockerfile, at its line.
pub(super) fn dockerfile() -> Result<()> {
    succeed(here(Command::new(tools::HADOLINT.locate()?)).arg("Dockerfile"))
}

/// actionlint for what they say, zizmor for what they let happen.
pub(super) fn workflows() -> Result<()> {
    let files = files()?;
    let actionlint = tools::ACTIONLINT.locate()?;
    // In its wheel it is a script that starts the program beside it.
    let wheel = actionlint.ancestors().nth(2).map(Path::to_path_buf).unwrap_or_default();
    succeed(here(Command::new(&actionlint)).env("PYTHONPATH", wheel).args(&files))?;
    succeed(here(Command::new(tools::ZIZMOR.locate()?)).args(["--offline", "--no-progress"]).args(&files))
}

fn files() -> Result<Vec<PathBuf>> {
    let directory = paths::repository().join(WORKFLOWS);
    let entries = fs::read_dir(&directory).with_context(|| format!("read {}", directory.display()))?;
    let mut files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    ensure!(!files.is_empty(), "there is no workflow in {WORKFLOWS}");
    Ok(files)
}
