//! `fleet timers …`

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use common::event::Id;

use crate::when::{Span, When};

/// What can be done with timers.
#[derive(Debug, Subcommand)]
pub(crate) enum TimersCommand {
    /// Timers by due time.
    List(TimerList),
    /// How many fall due in each of the next minutes and hours.
    Due,
    /// Fire now: an order of ours is cancelled by `orders`, whatever its expiresAt is; else the timer fires alone.
    Fire(FireArgs),
    /// Move by or to: an order of ours gets more time, never less; else the timer moves alone, either way.
    Move(MoveArgs),
    /// Cancel: an order of ours is cancelled by `orders`; else the timer alone goes away.
    Cancel(CancelArgs),
}

/// Which timers to list.
#[derive(Args, Debug)]
pub(crate) struct TimerList {
    /// Due at this instant or later.
    #[arg(long, value_parser = When::parse, allow_hyphen_values = true, value_name = "INSTANT")]
    pub(crate) from: Option<When>,
    /// Due before this instant.
    #[arg(long, value_parser = When::parse, allow_hyphen_values = true, value_name = "INSTANT")]
    pub(crate) to: Option<When>,
    /// At most so many.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
    /// Behind this cursor of the page before.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,
}

/// One timer, or those that match.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").required(true).multiple(true).args(["id", "due_from", "due_to", "ids_from"]))]
pub(crate) struct TimerSelection {
    /// The order whose timer it is.
    #[arg(conflicts_with_all = ["due_from", "due_to", "ids_from", "yes", "count"])]
    pub(crate) id: Option<Id>,
    /// All that are due at this instant or later.
    #[arg(long, value_parser = When::parse, allow_hyphen_values = true, value_name = "INSTANT")]
    pub(crate) due_from: Option<When>,
    /// All that are due before this instant.
    #[arg(long, value_parser = When::parse, allow_hyphen_values = true, value_name = "INSTANT")]
    pub(crate) due_to: Option<When>,
    /// Those of the orders in this file, one id a line; `-` is stdin.
    #[arg(long, value_name = "FILE")]
    pub(crate) ids_from: Option<PathBuf>,
}

/// Whether an act on many is done, and not only counted.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Confirmation {
    /// Do it to all that match, and not only count them.
    #[arg(long, requires = "count")]
    pub(crate) yes: bool,
    /// How many there should be: another number is refused, and nothing is done.
    #[arg(long, requires = "yes", value_name = "N")]
    pub(crate) count: Option<u64>,
}

impl Confirmation {
    /// With how many it is confirmed, if it is.
    pub(crate) fn confirmed(self) -> Option<u64> {
        self.count.filter(|_| self.yes)
    }
}

/// `fleet timers fire`
#[derive(Args, Debug)]
pub(crate) struct FireArgs {
    #[command(flatten)]
    pub(crate) which: TimerSelection,
    #[command(flatten)]
    pub(crate) confirmation: Confirmation,
    /// Why, for the audit.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}

/// `fleet timers move`
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("whither").required(true).args(["to", "by"]))]
pub(crate) struct MoveArgs {
    #[command(flatten)]
    pub(crate) which: TimerSelection,
    /// To this instant.
    #[arg(long, value_parser = When::parse, allow_hyphen_values = true, value_name = "INSTANT")]
    pub(crate) to: Option<When>,
    /// By so much, such as 10m; -5m is earlier, which only timers of other services can be.
    #[arg(long, value_parser = Span::parse, allow_hyphen_values = true, value_name = "SPAN")]
    pub(crate) by: Option<Span>,
    #[command(flatten)]
    pub(crate) confirmation: Confirmation,
    /// Why, for the audit.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}

/// `fleet timers cancel`
#[derive(Args, Debug)]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    pub(crate) which: TimerSelection,
    #[command(flatten)]
    pub(crate) confirmation: Confirmation,
    /// Why, for the audit.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}
