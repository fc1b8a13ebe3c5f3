//! `cargo xtask demo`: see [`::demo`].

use common::Service;
use std::{process::ExitCode, time::Duration};

use ::demo::{Loss, Options, run};
use anyhow::Result;

/// What may be chosen.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Orders to place.
    #[arg(long, default_value_t = 12, value_name = "N", value_parser = orders)]
    orders: usize,
    /// Time to pay, such as 10s or 1m.
    #[arg(long, default_value = "10s", value_name = "D", value_parser = Options::window)]
    window: Duration,
    /// Processes of `expiration`.
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = crate::replicas)]
    replicas: usize,
    /// The service of which a process is killed with `kill -9`: auth, tickets, orders, expiration, payments, client or console.
    #[arg(long, default_value_t = Service::Expiration, value_name = "SERVICE")]
    kill: Service,
    /// What a server loses while timers are pending: redis (it is wiped), redis-files or nats-files (older files are put back), or
    /// stream (that of orders is deleted).
    #[arg(long, default_value_t = Loss::Redis, value_name = "WHAT")]
    lose: Loss,
    /// One JSON object a line on stdout, the summary last.
    #[arg(long)]
    json: bool,
    /// Leave everything running in the end and say where it is, until Ctrl-C.
    #[arg(long)]
    keep: bool,
}

/// Plays it; the exit status is 1 if an invariant is broken.
///
/// # Errors
/// When the story can't go on.
pub(crate) fn play(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { orders, window, replicas, kill, lose, json, keep } = *arguments;
    run(&Options { orders, window, replicas, kill, lose, json, keep })
}

fn orders(text: &str) -> Result<usize, String> {
    crate::in_range(text, Options::FEWEST_ORDERS, 20_000)
}
