//! `cargo xtask`: the commands of this repository, thin. What they do lives in `testkit`.

mod ci;
mod demo;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The commands of this repository")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Watch real orders expire on real servers; the exit status is 1 if an invariant is broken.
    Demo(demo::Arguments),
    /// Run every test on real servers; what comes after `--` goes to `cargo test --workspace`.
    Test {
        /// Such as `--package orders`, or a part of a test's name.
        #[arg(last = true, value_name = "CARGO TEST ARGUMENTS")]
        arguments: Vec<String>,
    },
    /// Run every check that a change has to pass, tests included.
    Ci,
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::Demo(arguments) => demo::play(&arguments),
        Command::Test { arguments } => test::run(&arguments),
        Command::Ci => ci::run().map(|()| ExitCode::SUCCESS),
    }
}
