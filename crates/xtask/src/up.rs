//! `cargo xtask up`: see [`platform::up`]. What may be chosen of the services is the same in `dev`.

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use platform::up::{Options, run};

/// What may be chosen.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct Choices {
    /// Port of the gateway on 127.0.0.1; 0 takes any that is free.
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    port: u16,
    /// Time to pay, such as 30s or 15m.
    #[arg(long, default_value = "15m", value_name = "D", value_parser = Options::window)]
    window: Duration,
    /// Processes of each service; of `console` there is one.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = crate::replicas)]
    replicas: usize,
    /// Leave out the tickets that are put up for sale where there are none.
    #[arg(long)]
    no_seed: bool,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

impl Choices {
    /// The same for [`platform::up`].
    pub(crate) fn options(self) -> Options {
        let Self { port, window, replicas, no_seed, json } = self;
        Options { port, window, replicas, seed: !no_seed, json }
    }
}

/// Runs it; the exit status is 1 if a service did not drain in the end.
///
/// # Errors
/// When it does not come up.
pub(crate) fn run_until_told(choices: &Choices) -> Result<ExitCode> {
    run(&choices.options())
}
