//! Tests ask for no feature of a dependency that the programs don't have as well: else cargo builds it, and all that stands on it,
//! once for the tests and once for the programs.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use super::{cargo, line};

/// Compares what cargo would build with the tests and without them.
pub(super) fn check() -> Result<()> {
    let (programs, tests) = (built("normal,build")?, built("normal,build,dev")?);
    let twice: Vec<&str> = programs.difference(&tests).map(String::as_str).collect();
    ensure!(
        twice.is_empty(),
        "these are built twice, for the tests with more features: {}. Ask for those in crates/xtask/Cargo.toml too; \
         `cargo tree --workspace --edges features --invert PACKAGE` shows who does",
        twice.join(", ")
    );
    Ok(())
}

/// Every package with its features.
fn built(edges: &str) -> Result<BTreeSet<String>> {
    let mut tree = cargo();
    tree.args(["tree", "--workspace", "--locked", "--edges", edges]);
    tree.args(["--prefix", "none", "--format", "{p} [{f}]"]);
    let output = tree.output().with_context(|| format!("run `{}`", line(&tree)))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{}` failed:\n{}", line(&tree), complaint.trim_end());
    let lines = String::from_utf8_lossy(&output.stdout);
    // Where it was shown before, it has a mark.
    Ok(lines.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect())
}
