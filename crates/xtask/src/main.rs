//! `cargo xtask`: the commands of this repository, thin. What they do lives in `testkit`.

mod asyncapi;
mod bench;
mod chaos;
mod ci;
mod configuration;
mod demo;
mod dev;
mod fuzz;
mod generated;
mod network;
mod permissions;
mod program;
mod showcase;
mod test;
mod up;

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
    /// Run the whole platform on this machine behind one address, until Ctrl-C.
    Up(up::Choices),
    /// Run the services on this machine against the stores of a cluster, until Ctrl-C.
    Dev(dev::Arguments),
    /// Run every test on real servers; what comes after `--` goes to `cargo test --workspace`.
    Test {
        /// The servers: the oldest or the newest version that is promised, or what this machine has.
        #[arg(long, value_name = "oldest|newest|found", default_value_t)]
        servers: testkit::Servers,
        /// Such as `--package orders`, or a part of a test's name.
        #[arg(last = true, value_name = "CARGO TEST ARGUMENTS")]
        arguments: Vec<String>,
    },
    /// Measure the fleet beside its peers and the servers' own limits; `--help` lists what may be chosen.
    #[command(disable_help_flag = true)]
    Bench {
        /// Such as `--quick` or `--workload burst`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "BENCH ARGUMENTS")]
        arguments: Vec<String>,
    },
    /// Break everything at random on real servers and judge what became of it; `--help` lists what may be chosen.
    #[command(disable_help_flag = true)]
    Chaos {
        /// Such as `--episodes 20` or `--seed 7 --faults kill,cut`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "CHAOS ARGUMENTS")]
        arguments: Vec<String>,
    },
    /// Take the pictures of the shop that the README shows, in a real browser; `--help` lists what may be chosen.
    #[command(disable_help_flag = true)]
    Screenshots {
        /// Such as `--all DIRECTORY`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
        arguments: Vec<String>,
    },
    /// Measure what the shop's pages cost a visitor: bytes, keys, waiting, Lighthouse; `--help` lists what may be chosen.
    #[command(disable_help_flag = true)]
    MeasurePages {
        /// Such as `--json`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
        arguments: Vec<String>,
    },
    /// Write the contract of the events to docs/asyncapi.json; `--check` only tells whether it is current.
    Asyncapi(generated::Arguments),
    /// Write what each service may do on the broker to its configuration; `--check` only tells whether it is current.
    NatsPermissions(generated::Arguments),
    /// Write who may talk to whom in a cluster as NetworkPolicies; `--check` only tells whether they are current.
    NetworkPolicies(generated::Arguments),
    /// Write the table of variables to docs/CONFIGURATION.md; `--check` only tells whether it is current.
    Configuration(generated::Arguments),
    /// Send every HTTP API requests that nobody would, generated from its document and hand-written.
    Fuzz(fuzz::Arguments),
    /// Run every check that a change has to pass, tests included.
    Ci {
        /// Only those whose name holds one of these texts, such as `clippy` or `manifests`.
        #[arg(value_name = "NAME")]
        only: Vec<String>,
    },
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::Demo(arguments) => demo::play(&arguments),
        Command::Up(arguments) => up::run_until_told(&arguments),
        Command::Dev(arguments) => dev::run_until_told(&arguments),
        Command::Test { servers, arguments } => test::run(servers, &arguments),
        Command::Bench { arguments } => bench::run(&arguments),
        Command::Chaos { arguments } => chaos::run(&arguments),
        Command::Screenshots { arguments } => showcase::screenshots(&arguments),
        Command::MeasurePages { arguments } => showcase::measure(&arguments),
        Command::Asyncapi(arguments) => asyncapi::FILE.run(&arguments),
        Command::NatsPermissions(arguments) => permissions::FILE.run(&arguments),
        Command::NetworkPolicies(arguments) => network::run(&arguments),
        Command::Configuration(arguments) => configuration::FILE.run(&arguments),
        Command::Fuzz(arguments) => fuzz::fuzz(&arguments),
        Command::Ci { only } => ci::run(&only).map(|()| ExitCode::SUCCESS),
    }
}

/// The exit status of a command that was run; 1 when a signal ended it.
fn exit_code(code: Option<i32>) -> ExitCode {
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Reads how many processes of a service there shall be.
fn replicas(text: &str) -> Result<usize, String> {
    in_range(text, 1, 16)
}

fn in_range(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("expected a number from {least} to {most}"))
}
