//! The benchmark behind `cargo xtask bench`: this fleet beside what a user might take instead, and beside the limits
//! of the servers, on the same work in the same run.
//!
//! [`contender`] starts who is measured, [`workloads`] is what they are given, [`limits`] is what the servers
//! themselves can do, [`run`] is the order in which all of it happens, and [`report`] is what comes out of it.

mod contender;
mod files;
mod fired;
mod limits;
mod load;
mod minimal;
mod order;
mod picture;
mod report;
mod results;
mod run;
mod sample;
mod schedules;
mod sizes;
mod slow_log;
mod stats;
mod text;
mod usage;
mod workloads;
mod world;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Parser;

use contender::Contender;
use workloads::Workload;

#[derive(Parser, Debug)]
#[command(
    bin_name = "cargo xtask bench",
    about = "Measure the fleet beside its peers and the servers' own limits"
)]
struct Arguments {
    /// A tenth of the work and one round: shows that all of it runs; its figures are none.
    #[arg(long)]
    quick: bool,
    /// Only these; may be given several times.
    #[arg(long, value_enum, value_name = "NAME")]
    contender: Vec<Contender>,
    /// Only these; may be given several times.
    #[arg(long, value_enum, value_name = "NAME")]
    workload: Vec<Workload>,
    /// How often each is measured; the table has the medians. 3, or 1 with --quick.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=99))]
    rounds: Option<u16>,
    /// An `expiration` of another build, measured beside this one in the same run.
    #[arg(long, value_name = "PATH")]
    before: Option<PathBuf>,
    /// The results as one JSON document on stdout instead of the table.
    #[arg(long)]
    json: bool,
    /// Write `bench/results/` also after a run that is not whole.
    #[arg(long, conflicts_with = "quick")]
    save: bool,
}

fn main() -> Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start a runtime")?;
    if std::env::args().nth(1).as_deref() == Some(schedules::ARGUMENT) {
        let nats_url = testkit::paths::variable("NATS_URL").context("NATS_URL is not set")?;
        return runtime
            .block_on(schedules::translate(&nats_url.to_string_lossy()))
            .map(|()| ExitCode::SUCCESS);
    }
    if std::env::args().nth(1).as_deref() == Some(minimal::ARGUMENT) {
        let page = std::env::args().nth(2).context("no page to serve")?;
        return runtime.block_on(minimal::serve(page)).map(|()| ExitCode::SUCCESS);
    }
    let arguments = Arguments::parse();
    testkit::provide()?;
    runtime.block_on(async {
        tokio::select! {
            done = run::run(&arguments) => done,
            // With this process go all that it has started.
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(130)),
        }
    })
}
