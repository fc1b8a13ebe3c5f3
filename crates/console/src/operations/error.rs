//! Why an act on many is not planned, or does not begin.

use super::MOST_ITEMS;
use crate::audit::Unwritten;

/// Why there is no plan (400).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// There is nothing to do.
    #[error("Nothing matches.")]
    Empty,
    /// The set is too large.
    #[error(
        "{count} match, and one operation takes {MOST_ITEMS} at most: narrow the filter, and do the rest afterwards."
    )]
    TooMany {
        /// How many match.
        count: u64,
    },
    /// Others hold too much.
    #[error("Other operations hold {held} items already: wait until they end, or abort one.")]
    Busy {
        /// How many they hold.
        held: u64,
    },
}

/// Why an operation is not confirmed or aborted.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// There is none of this id, or its plan was forgotten after ten minutes (404).
    #[error("There is no such operation; a plan is forgotten after ten minutes.")]
    Unknown,
    /// Another number (409).
    #[error("It is about {count}, and not {given}; nothing was done.")]
    Count {
        /// How many it is about.
        count: u64,
        /// How many were confirmed.
        given: u64,
    },
    /// It runs or has ended (409).
    #[error("It was confirmed before, or has ended.")]
    Over,
    /// The audit can't be written (503).
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}
