//! `fleet pause`, `resume`, `operations …`, `payments …` and `audit`.

use clap::{ArgGroup, Args, Subcommand};
use common::event::Id;

use crate::when::{Span, When};

/// `fleet pause`
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("how_long").required(true).args(["for_span", "until"]))]
pub(crate) struct PauseArgs {
    /// For so long at most.
    #[arg(long = "for", value_parser = Span::parse_positive, value_name = "SPAN")]
    pub(crate) for_span: Option<Span>,
    /// Until this instant at most.
    #[arg(long, value_parser = When::parse, value_name = "INSTANT")]
    pub(crate) until: Option<When>,
    /// How many a second of those that waited are fired afterwards, by all workers together; else as fast as can be.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Why, for the audit.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}

/// `fleet resume`
#[derive(Args, Debug)]
pub(crate) struct ResumeArgs {
    /// How many a second of those that waited are fired, by all workers together; else as the pause says.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Why, for the audit.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}

/// What can be done with acts on many.
#[derive(Debug, Subcommand)]
pub(crate) enum OperationsCommand {
    /// Those of the last hours, the newest first.
    List,
    /// One.
    Show {
        /// The operation.
        id: Id,
    },
    /// Begin one that is planned: exactly what was counted then, within ten minutes.
    Confirm {
        /// The operation.
        id: Id,
        /// How many it is about, as its plan says.
        #[arg(long, value_name = "N")]
        count: u64,
    },
    /// Stop one. What was done stays.
    Abort {
        /// The operation.
        id: Id,
    },
}

/// What can be done about money.
#[derive(Debug, Subcommand)]
pub(crate) enum PaymentsCommand {
    /// Payments that could not be taken and are not known to be back, the longest open first.
    Owed {
        /// At most so many.
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
        /// Behind this payment, the last of the page before.
        #[arg(long, value_name = "ID")]
        after: Option<Id>,
    },
    /// Close one that a person has seen to.
    Settle {
        /// The payment.
        id: Id,
        /// What was done about the money.
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
}

/// `fleet audit`
#[derive(Args, Debug)]
pub(crate) struct AuditQuery {
    /// By this one.
    #[arg(long, value_name = "NAME")]
    pub(crate) who: Option<String>,
    /// Of this operation, such as moveTimer.
    #[arg(long, value_name = "OPERATION")]
    pub(crate) action: Option<String>,
    /// To this, such as `order o-1`.
    #[arg(long, value_name = "TEXT")]
    pub(crate) target: Option<String>,
    /// With this text anywhere.
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// Before this sequence, as the page before says.
    #[arg(long, value_name = "SEQUENCE")]
    pub(crate) before: Option<u64>,
    /// At most so many.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
}
