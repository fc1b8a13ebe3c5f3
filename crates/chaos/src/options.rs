//! What a person may choose.

use std::{path::PathBuf, time::Duration};

use clap::Parser;

use crate::kind::Kind;

/// In seconds: messages about unknown orders are tried again for minutes before they are given up.
pub(crate) const PATIENCE: u64 = 180;

/// What a person may choose.
#[derive(Clone, Debug, Parser)]
#[command(
    bin_name = "cargo xtask chaos",
    about = "Break everything at random, and judge what became of it; the exit status is 1 if an invariant is broken, or if faults were planned and none was seen in force"
)]
pub(crate) struct Options {
    /// The seed of the first episode; the next has the next. By the clock unless told.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// How many episodes. 1, or as many as there is time for with --minutes.
    #[arg(long, value_name = "K")]
    pub(crate) episodes: Option<usize>,
    /// Begins no episode after so many minutes.
    #[arg(long, value_name = "M")]
    pub(crate) minutes: Option<u64>,
    /// Only these kinds of fault, with commas between them, such as kill,cut; a seed has another plan with them.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub(crate) faults: Vec<Kind>,
    /// The exit status is 1 as well if one of the kinds of fault was never seen in force.
    #[arg(long)]
    pub(crate) every_kind: bool,
    /// Of the plan only the faults with these numbers, such as 1,3.
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS")]
    pub(crate) only: Vec<usize>,
    /// How many seconds everything may take to come to rest when all faults are healed.
    #[arg(long, default_value_t = PATIENCE, value_name = "SECONDS")]
    pub(crate) patience: u64,
    /// Episodes at one time.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=16))]
    pub(crate) parallel: u16,
    /// Looks for fewer faults with which an episode fails as well.
    #[arg(long)]
    pub(crate) shrink: bool,
    /// Only shows what the episodes would do.
    #[arg(long)]
    pub(crate) plan: bool,
    /// Runs the services that lie in this directory and not the current ones: a build with a mistake in it has to be caught.
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) programs: Option<PathBuf>,
    /// Leaves the last episode's platform running in the end and says where it is, until Ctrl-C.
    #[arg(long)]
    pub(crate) keep: bool,
    /// One JSON object a line on stdout, the coverage last.
    #[arg(long)]
    pub(crate) json: bool,
    /// With the services' binaries of development, which a test run has built already.
    #[arg(long)]
    pub(crate) debug_binaries: bool,
}

impl Options {
    /// The kinds of fault to choose from.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        if self.faults.is_empty() {
            return Kind::ALL.to_vec();
        }
        let mut kinds = self.faults.clone();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// How many episodes at most.
    pub(crate) fn most(&self) -> usize {
        self.episodes.unwrap_or(if self.minutes.is_some() { usize::MAX } else { 1 })
    }

    /// No episode begins later.
    pub(crate) fn time(&self) -> Option<Duration> {
        self.minutes.map(|minutes| Duration::from_secs(minutes * 60))
    }
}
