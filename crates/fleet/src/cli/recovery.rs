//! `fleet rebuild` and `fleet retell`.

use clap::Args;

use super::Confirmation;
use crate::when::When;

/// `fleet rebuild`
#[derive(Args, Debug)]
pub(crate) struct RebuildArgs {
    /// Begin it, and do not wait until it is done. Without this, Ctrl-C ends the waiting and not the rebuild.
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Why, for the audit.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}

/// `fleet retell`
#[derive(Args, Debug)]
pub(crate) struct RetellArgs {
    /// Whose events.
    #[arg(long, value_name = "SERVICE", value_parser = ["orders", "tickets", "payments"])]
    pub(crate) service: String,
    /// All that has changed since this instant, or for so long, such as 2h.
    #[arg(long, value_parser = When::parse, allow_hyphen_values = true, value_name = "INSTANT")]
    pub(crate) since: When,
    #[command(flatten)]
    pub(crate) confirmation: Confirmation,
    /// Why, for the audit.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}
