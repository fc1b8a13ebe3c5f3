//! `cargo xtask fuzz`: see [`::fuzz`].

use common::Service;
use std::process::ExitCode;

use ::fuzz::{Options, run};
use anyhow::Result;

/// Some minutes for each service.
const LONG: u32 = 300;

/// What may be chosen.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Only the API of this service; may be given several times.
    #[arg(long = "service", value_name = "NAME")]
    services: Vec<Service>,
    /// Many more generated requests: some minutes for each service instead of half a one.
    #[arg(long, conflicts_with = "examples")]
    long: bool,
    /// So many generated requests for each operation.
    #[arg(long, value_name = "N")]
    examples: Option<u32>,
    /// Generate other requests; the same seed generates the same ones.
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
}

/// Fuzzes.
///
/// # Errors
/// With everything that went wrong.
pub(crate) fn fuzz(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { services, long, examples, seed } = arguments;
    let default = Options::default();
    let fewer = examples.unwrap_or(default.examples);
    run(&Options {
        services: services.clone(),
        examples: if *long { LONG } else { fewer },
        seed: seed.unwrap_or(default.seed),
    })?;
    Ok(ExitCode::SUCCESS)
}
