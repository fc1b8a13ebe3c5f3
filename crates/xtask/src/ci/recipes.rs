//! The Dockerfile and the workflows, by those who know what goes wrong in them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use testkit::paths;

use super::{arrows, here, succeed, tools};

const WORKFLOWS: &str = ".github/workflows";
/// Whoever compiles the services for an image.
const BUILDERS: [&str; 2] = ["Dockerfile", "infra/hot.sh"];

/// hadolint: an exception stands in the Dockerfile, at its line.
pub(super) fn dockerfile() -> Result<()> {
    let development_only = arrows::development_only();
    for file in BUILDERS {
        let text =
            fs::read_to_string(paths::repository().join(file)).with_context(|| format!("read {file}"))?;
        let wrong = wrong_builds(&text, &development_only);
        ensure!(wrong.is_empty(), "{file}:\n{}", wrong.join("\n"));
    }
    succeed(here(Command::new(tools::HADOLINT.locate()?)).arg("Dockerfile"))
}

/// Builds that leave out another set of crates than those for development: an image would take minutes longer, or lack a
/// program.
fn wrong_builds(text: &str, development_only: &[&str]) -> Vec<String> {
    let wanted: BTreeSet<&str> = development_only.iter().copied().collect();
    let joined = text.replace("\\\n", " ");
    let builds: Vec<&str> = joined.lines().filter(|line| line.contains("cargo build")).collect();
    if builds.is_empty() {
        return vec!["it builds nothing".to_owned()];
    }
    let mut wrong = Vec::new();
    for build in builds {
        let excluded: BTreeSet<&str> = build
            .split("--exclude")
            .skip(1)
            .filter_map(|rest| rest.split([' ', ';']).find(|it| !it.is_empty()))
            .collect();
        wrong.extend(wanted.difference(&excluded).map(|name| format!("a build does not leave out {name}")));
        wrong.extend(excluded.difference(&wanted).map(|name| format!("a build leaves out {name}")));
    }
    wrong
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

#[cfg(test)]
mod tests {
    use super::wrong_builds;

    #[test]
    fn a_build_that_leaves_out_too_little_or_too_much_is_told() {
        let wrong = |text: &str| wrong_builds(text, &["demo", "xtask"]);
        assert_eq!(wrong("RUN cargo build --exclude xtask --exclude demo; \\\n find"), [""; 0]);
        assert_eq!(wrong("cargo build --exclude demo \\\n  --exclude xtask --bin a || sleep 1"), [""; 0]);
        assert_eq!(wrong("cargo build --exclude demo"), ["a build does not leave out xtask"]);
        assert_eq!(
            wrong(
                "cargo build --exclude demo --exclude xtask\ncargo build --exclude orders --exclude demo --exclude xtask"
            ),
            ["a build leaves out orders"]
        );
        assert_eq!(wrong("make").len(), 1);
    }
}
