//! `fleet dead-letters …`

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use common::event::Id;

use super::Confirmation;

/// What can be done with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// How many there are of each consumer and reason.
    Groups,
    /// The newest first.
    List(LetterList),
    /// One, with headers and body.
    Show {
        /// Its sequence.
        sequence: u64,
    },
    /// Give it to its consumer again, with its first message id: a second time does no harm.
    Replay(ReplayArgs),
    /// Take it out for good. The audit keeps it.
    Discard(DiscardArgs),
}

/// Those that match each of what is given.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct LetterFilter {
    /// Those of this group, see `dead-letters groups`.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// Those of this consumer.
    #[arg(long, value_name = "NAME")]
    pub(crate) consumer: Option<String>,
    /// Those that name this order.
    #[arg(long, value_name = "ID")]
    pub(crate) order: Option<Id>,
}

/// Which dead letters to list.
#[derive(Args, Debug)]
pub(crate) struct LetterList {
    #[command(flatten)]
    pub(crate) filter: LetterFilter,
    /// At most so many.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
    /// Behind this sequence, as the page before says.
    #[arg(long, value_name = "SEQUENCE")]
    pub(crate) after: Option<u64>,
}

/// `fleet dead-letters replay`
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").required(true).multiple(true).args(["sequence", "group", "consumer", "order", "all"]))]
pub(crate) struct ReplayArgs {
    /// One, by its sequence.
    #[arg(conflicts_with_all = ["group", "consumer", "order", "all", "yes", "count"])]
    pub(crate) sequence: Option<u64>,
    /// With the body in this file, which has to be an event of its subject; `-` is stdin.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["group", "consumer", "order", "all"])]
    pub(crate) body: Option<PathBuf>,
    /// With the body as you leave it in $EDITOR.
    #[arg(long, conflicts_with_all = ["body", "group", "consumer", "order", "all"])]
    pub(crate) edit: bool,
    #[command(flatten)]
    pub(crate) filter: LetterFilter,
    /// All there are.
    #[arg(long, conflicts_with_all = ["group", "consumer", "order"])]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) confirmation: Confirmation,
    /// Why, for the audit.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}

/// `fleet dead-letters discard`
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").required(true).multiple(true).args(["sequence", "group", "consumer", "order", "all"]))]
pub(crate) struct DiscardArgs {
    /// One, by its sequence.
    #[arg(conflicts_with_all = ["group", "consumer", "order", "all", "yes", "count"])]
    pub(crate) sequence: Option<u64>,
    #[command(flatten)]
    pub(crate) filter: LetterFilter,
    /// All there are.
    #[arg(long, conflicts_with_all = ["group", "consumer", "order"])]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) confirmation: Confirmation,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: String,
}
