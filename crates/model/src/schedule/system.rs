//! The system under check.

use super::{mistake::Mistake, scope::Scope};

/// The protocol in a scope, or one with a mistake in it.
#[derive(Clone, Copy, Debug)]
pub struct System {
    /// What there is, and what may go wrong.
    pub scope: Scope,
    /// What the protocol does wrong, if anything.
    pub mistake: Option<Mistake>,
}

impl System {
    /// Whether the protocol makes this mistake.
    pub(crate) fn errs(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }
}
