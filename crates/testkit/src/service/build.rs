//! Our binaries, current and in the profile of the executable that runs this.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use anyhow::{Context, Result, bail};

use crate::{command, paths};

/// Builds these binaries in the profile of this executable, with cargo's own progress on the terminal.
///
/// # Errors
/// When cargo fails; it has said why.
pub fn build(names: &[&str]) -> Result<()> {
    build_all(&own_profile()?, names)
}

/// The path of a binary of ours in this profile (cargo's name for it), built with cargo's own progress on the terminal.
///
/// # Errors
/// When cargo fails; it has said why.
pub fn build_in(profile: &str, name: &str) -> Result<PathBuf> {
    build_all(profile, &[name])?;
    let directory = if profile == "dev" { "debug" } else { profile };
    Ok(target_directory()?.join(directory).join(file_name(name)))
}

fn build_all(profile: &str, names: &[&str]) -> Result<()> {
    let status = build_command(profile, names)?.status().context("run cargo build")?;
    if !status.success() {
        bail!("cargo build of {} failed", names.join(", "));
    }
    Ok(())
}

fn file_name(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// The path of a binary of ours, which is built first when it is older than its sources.
///
/// # Errors
/// When it does not build.
pub fn locate(name: &str) -> Result<PathBuf> {
    static LOCATED: Mutex<Option<HashMap<String, PathBuf>>> = Mutex::new(None);
    let mut located = LOCATED.lock().unwrap_or_else(PoisonError::into_inner);
    let located = located.get_or_insert_default();
    if let Some(path) = located.get(name) {
        return Ok(path.clone());
    }
    let path = profile_directory()?.join(file_name(name));
    if !is_current(&path) {
        build_quietly(name, &path)?;
    }
    located.insert(String::from(name), path.clone());
    Ok(path)
}

fn build_quietly(name: &str, binary: &Path) -> Result<()> {
    // Made before the build and renamed after it: what changes in between is newer.
    let stamp = stamp(binary);
    let begun = stamp.with_extension(format!("begun-{}", std::process::id()));
    fs::write(&begun, "").with_context(|| format!("write {}", begun.display()))?;
    paths::say(&format!("cargo build of {name}"));
    let built = command::run(build_command(&own_profile()?, &[name])?.arg("--quiet"));
    if built.is_err() || !binary.is_file() {
        let _ = fs::remove_file(&begun);
        return built.and_then(|()| bail!("cargo has built {name}, but {} is not there", binary.display()));
    }
    fs::rename(&begun, &stamp).with_context(|| format!("write {}", stamp.display()))
}

/// Its time is that of the last build which found the binary current, and left it as it was.
fn stamp(binary: &Path) -> PathBuf {
    binary.with_extension("testkit")
}

/// In the target directory of the running executable.
fn build_command(profile: &str, names: &[&str]) -> Result<Command> {
    let mut cargo = command::cargo();
    cargo.current_dir(paths::repository());
    cargo.args(["build", "--profile", profile, "--target-dir"]).arg(target_directory()?);
    // Of the whole workspace, as its tests are built: with the features of one package, what both have in common would be
    // built twice.
    cargo.arg("--workspace");
    for name in names {
        cargo.args(["--bin", name]);
    }
    Ok(cargo)
}

fn own_profile() -> Result<String> {
    let directory = profile_directory()?;
    Ok(match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev".to_owned(),
        Some(name) => name.to_owned(),
    })
}

fn target_directory() -> Result<PathBuf> {
    Ok(profile_directory()?.parent().context("the target directory")?.to_path_buf())
}

/// `target/<profile>`, which tests run in a directory below.
fn profile_directory() -> Result<PathBuf> {
    let executable = std::env::current_exe().context("the path of this executable")?;
    let directory = executable.parent().context("the directory of this executable")?;
    let below = matches!(directory.file_name().and_then(|name| name.to_str()), Some("deps" | "examples"));
    let directory = if below { directory.parent().context("the profile's directory")? } else { directory };
    Ok(directory.to_path_buf())
}

/// Whether the binary is newer than all that went into it, by the list that cargo leaves beside it: a call of cargo
/// takes a third of a second, in each test process, and this takes a millisecond.
fn is_current(binary: &Path) -> bool {
    let Some(linked) = modified(binary) else { return false };
    let built = modified(&stamp(binary)).map_or(linked, |confirmed| linked.max(confirmed));
    let Ok(list) = fs::read_to_string(binary.with_extension("d")) else { return false };
    let sources = sources(&list);
    let root = paths::repository();
    let manifests = [root.join("Cargo.toml"), root.join("Cargo.lock")];
    !sources.is_empty()
        && sources.iter().chain(&manifests).all(|source| modified(source).is_some_and(|when| when <= built))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

/// The prerequisites in a makefile's rule, where a space inside a path is escaped.
fn sources(rule: &str) -> Vec<PathBuf> {
    let Some((_, list)) = rule.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    let marked = list.replace("\\ ", "\0");
    marked.split_whitespace().map(|path| PathBuf::from(path.replace('\0', " "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_of_a_binary_are_read_with_spaces_in_their_paths() {
        let rule = "/a\\ b/target/debug/orders: /a\\ b/src/main.rs /a\\ b/src/lib.rs\n";
        assert_eq!(sources(rule), [PathBuf::from("/a b/src/main.rs"), PathBuf::from("/a b/src/lib.rs")]);
        assert!(sources("").is_empty());
    }

    #[test]
    fn a_binary_that_was_never_built_is_not_current() {
        assert!(!is_current(Path::new("/nowhere/orders")));
    }
}
