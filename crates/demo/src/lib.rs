//! `cargo xtask demo`: real orders expire on real servers, in front of your eyes.
//!
//! On a whole [`platform::Platform`], people (`cast`) sign up, sell and buy over HTTP. `story` is what they do and what is
//! broken meanwhile, `narrator` tells it, and in the end the `judge` checks what must always hold
//! against what the streams and the databases say.

mod cast;
mod customer;
mod ledger;
mod line;
mod loss;
mod mischief;
mod moment;
mod narrator;
mod performance;
mod plan;
mod record;
mod story;
mod summary;
mod text;
mod warnings;

use common::Service;
use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use process::config::duration;

pub use loss::Loss;
use testkit::paths;

/// What a person may choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Orders to place, at least [`Options::FEWEST_ORDERS`].
    pub orders: usize,
    /// Time to pay.
    pub window: Duration,
    /// Processes of `expiration`, at least 1.
    pub replicas: usize,
    /// The service of which a process is killed with `kill -9`.
    pub kill: Service,
    /// What a server loses while timers are pending.
    pub lose: Loss,
    /// One JSON object a line on stdout instead of text, the summary last.
    pub json: bool,
    /// Leave everything running in the end, until Ctrl-C.
    pub keep: bool,
}

impl Options {
    /// With fewer not everything happens.
    pub const FEWEST_ORDERS: usize = plan::Plan::FEWEST;
    /// Within less a buyer can't pay in time.
    pub const SHORTEST_WINDOW: Duration = Duration::from_secs(2);

    /// Reads a time to pay, such as `10s`.
    ///
    /// # Errors
    /// A text that names the value and what is expected.
    pub fn window(text: &str) -> Result<Duration, String> {
        let window = duration::parse_positive(text)?;
        if window < Self::SHORTEST_WINDOW {
            return Err(format!("`{text}` is too short; expected at least 2s, or no buyer can pay in time"));
        }
        Ok(window)
    }
}

/// Plays the demo. The exit status is 0 if every invariant held, 1 if one is broken, 130 after Ctrl-C.
///
/// # Errors
/// When a server can't be found or fetched, our binaries do not compile, or the story can't go on; the text says where the
/// logs are.
pub fn run(options: &Options) -> Result<ExitCode> {
    paths::say(
        "demo: fetches NATS, Redis and Postgres where they are missing and builds the services; the first time that \
         takes minutes",
    );
    testkit::provide()?;
    let binaries: Vec<&str> = Service::OURS.map(Service::as_str).into_iter().chain([cast::FLEET]).collect();
    testkit::build(&binaries)?;
    testkit::until_interrupted(performance::perform(options))
}
