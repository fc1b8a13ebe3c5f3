//! What else goes on while a fault comes into force.

use std::{fmt, time::Duration};

use serde::Serialize;

/// How long the platform counts as recovering after a fault was healed.
pub(crate) const RECOVERY: Duration = Duration::from_secs(2);

/// What else goes on while a fault comes into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// A trickle of work.
    Quiet,
    /// Everybody wants something at once.
    Burst,
    /// Another fault was healed less than [`RECOVERY`] ago.
    Recovery,
}

impl Phase {
    pub(crate) const ALL: [Self; 3] = [Self::Quiet, Self::Burst, Self::Recovery];
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quiet => "quiet",
            Self::Burst => "burst",
            Self::Recovery => "recovery",
        })
    }
}
