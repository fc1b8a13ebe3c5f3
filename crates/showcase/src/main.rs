//! The shop in a real browser: pictures of its pages for the README, and what they cost a visitor.
//!
//! [`pictures`] is `cargo xtask screenshots`, [`measure`] is `cargo xtask measure-pages`.

mod measure;
mod pictures;
mod scene;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The shop in a real browser")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take the pictures that the README shows, into docs/images.
    Screenshots {
        /// Every page on a telephone, a tablet and a desk, by day and by night, as PNGs into this directory instead.
        #[arg(long, value_name = "DIRECTORY")]
        all: Option<PathBuf>,
    },
    /// Measure what the pages cost a visitor: bytes, keys, waiting, and Lighthouse's scores.
    MeasurePages {
        /// One JSON object on stdout.
        #[arg(long)]
        json: bool,
        /// Leave out Lighthouse, which has to be fetched the first time.
        #[arg(long)]
        without_lighthouse: bool,
    },
}

fn main() -> Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start a runtime")?;
    match Arguments::parse().command {
        Command::Screenshots { all: None } => runtime.block_on(pictures::for_the_readme())?,
        Command::Screenshots { all: Some(directory) } => runtime.block_on(pictures::all(&directory))?,
        Command::MeasurePages { json, without_lighthouse } => {
            return runtime.block_on(measure::run(json, !without_lighthouse));
        }
    }
    Ok(ExitCode::SUCCESS)
}
