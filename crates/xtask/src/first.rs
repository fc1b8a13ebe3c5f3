//! What `cargo xtask` really starts. It depends on nothing and is there within a second, so that the first line is
//! not silence: what the commands need takes minutes to build on a machine that has never done it.

use std::{
    env,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Command, ExitCode},
};

#[expect(clippy::print_stderr, reason = "a tool that talks to a person")]
fn main() -> ExitCode {
    if !xtask().exists() {
        eprintln!("xtask: builds the commands of this repository; this first time takes minutes");
    }
    let mut cargo = Command::new(env!("CARGO"));
    // Of the whole workspace, as its tests are built: with the features of one package, what both have in common would be
    // built twice.
    cargo.args(["build", "--workspace", "--bin", "xtask"]);
    forget_this_crate(&mut cargo);
    match cargo.status() {
        Ok(status) if status.success() => {}
        // It has said why.
        Ok(_) => return ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: can't run cargo: {error}");
            return ExitCode::FAILURE;
        }
    }
    let mut xtask = Command::new(xtask());
    xtask.args(env::args_os().skip(1));
    forget_this_crate(&mut xtask);
    // In place of this process, so that signals and the exit status are those of the command.
    let error = xtask.exec();
    eprintln!("xtask: can't run {}: {error}", xtask.get_program().display());
    ExitCode::FAILURE
}

/// Beside this program.
fn xtask() -> PathBuf {
    env::current_exe().unwrap_or_default().with_file_name("xtask")
}

/// Removes the variables that cargo has set for this crate: build scripts that watch one of them (ring's does) would
/// run again each time, and half of the tree with them.
fn forget_this_crate(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
}
