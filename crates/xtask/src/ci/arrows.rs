//! Arrows run down: between crates from a row to the rows below it, between neighbouring modules without a circle.

mod module;
mod tree;

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::paths;

use self::tree::Tree;

/// Who needs whom, by name.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The crates, the foundation first. What is linked into a service stands above `testkit`, which is of tests alone.
const ROWS: &[&[&str]] = &[
    &["common"],
    &["process"],
    &["http-common", "messaging", "page-kit", "postgres"],
    &["web"],
    &["outbox"],
    &["auth", "client", "console", "expiration", "fleet", "orders", "payments", "tickets", "topology"],
    &["model", "stripe-stand-in", "testkit"],
    &["judge", "platform"],
    &["bench", "chaos", "demo", "fuzz", "showcase"],
    &["xtask"],
];

/// The crates that are for development only: those from the row of `testkit` on.
pub(super) fn development_only() -> Vec<&'static str> {
    ROWS.iter().skip_while(|row| !row.contains(&"testkit")).copied().flatten().copied().collect()
}

/// Holds the crates against their rows, and looks for circles among the modules of each.
///
/// # Errors
/// When an arrow runs up or a circle is closed; the text names all of them.
pub(super) fn check() -> Result<()> {
    let mut wrong = running_up(&crates()?, ROWS);
    for package in ROWS.iter().copied().flatten() {
        let tree = Tree::read(&paths::repository().join("crates").join(package).join("src"))?;
        wrong.extend(tree.circles().into_iter().map(|circle| format!("a circle in {package}: {circle}")));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    super::say(&format!("{} crates in {} rows, no arrow up, no circle", ROWS.concat().len(), ROWS.len()));
    Ok(())
}

/// What each crate of the workspace needs of the others, tests left out.
fn crates() -> Result<Arrows> {
    let mut cargo = super::cargo();
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--locked", "--offline"]);
    let metadata: Value = serde_json::from_slice(&output(&mut cargo)?).context("read cargo's metadata")?;
    let packages = metadata["packages"].as_array().context("cargo's metadata without packages")?;
    let name = |value: &Value| value["name"].as_str().map(str::to_owned);
    let needs = |package: &Value| -> BTreeSet<String> {
        let all = package["dependencies"].as_array().into_iter().flatten();
        all.filter(|needed| needed["kind"].is_null() && needed["path"].is_string()).filter_map(name).collect()
    };
    Ok(packages.iter().filter_map(|package| Some((name(package)?, needs(package)))).collect())
}

fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output().context("run cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

/// Every crate without a row, and every arrow to the same row or one above.
fn running_up(crates: &Arrows, rows: &[&[&str]]) -> Vec<String> {
    let row = |name: &str| rows.iter().position(|row| row.contains(&name));
    let mut wrong = Vec::new();
    for (name, needs) in crates {
        let Some(own) = row(name) else {
            wrong.push(format!("crate {name} has no row: give it one in crates/xtask/src/ci/arrows.rs"));
            continue;
        };
        let up = needs.iter().filter(|needed| row(needed).is_some_and(|other| other >= own));
        wrong.extend(up.map(|needed| format!("crate {name} needs {needed}, which does not stand below it")));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_the_tests_or_below_is_for_development_only() {
        let crates = development_only();
        assert!(crates.contains(&"stripe-stand-in") && crates.contains(&"xtask"), "{crates:?}");
        assert!(!crates.contains(&"payments") && !crates.contains(&"topology"), "{crates:?}");
    }

    #[test]
    fn an_arrow_between_crates_that_runs_up_or_sideways_is_named() {
        let rows: &[&[&str]] = &[&["common"], &["tickets", "orders"]];
        let needs = |name: &str, needed: &str| (name.to_owned(), BTreeSet::from([needed.to_owned()]));
        let crates = |arrows: &[(&str, &str)]| arrows.iter().map(|(from, to)| needs(from, to)).collect();
        assert_eq!(running_up(&crates(&[("orders", "common")]), rows), Vec::<String>::new());
        assert_eq!(
            running_up(&crates(&[("common", "orders"), ("orders", "tickets"), ("stray", "common")]), rows),
            [
                "crate common needs orders, which does not stand below it",
                "crate orders needs tickets, which does not stand below it",
                "crate stray has no row: give it one in crates/xtask/src/ci/arrows.rs",
            ]
        );
    }
}
