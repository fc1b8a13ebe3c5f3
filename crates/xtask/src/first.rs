//! What `cargo xtask` really starts. It depends on nothing and is there within a second, so that the first line is
//! not silence: what the commands need takes minutes to build on a machine that has never done it.

use std::{
    env,
    os::unix::process::CommandExt as _,
    process::{Command, ExitCode},
};

#[expect(clippy::print_stderr, reason = "a tool that talks to a person")]
fn main() -> ExitCode {
    if !is_built() {
        eprintln!("xtask: builds the commands of this repository; this first time takes minutes");
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--package", "xtask", "--bin", "xtask", "--"]).args(env::args_os().skip(1));
    forget_this_crate(&mut cargo);
    // In place of this process, so that signals and the exit status are those of the command.
    let error = cargo.exec();
    eprintln!("xtask: can't run cargo: {error}");
    ExitCode::FAILURE
}

fn is_built() -> bool {
    env::current_exe().is_ok_and(|executable| executable.with_file_name("xtask").exists())
}

/// Removes the variables that cargo has set for this crate: build scripts that watch one of them (ring's does) would
/// run again each time, and half of the tree with them.
fn forget_this_crate(cargo: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|prefix| text.starts_with(prefix)) {
            cargo.env_remove(&name);
        }
    }
}
