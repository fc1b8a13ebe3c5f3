//! What must always hold, checked against the facts: pure functions, one invariant each.

mod dead_letters;
mod money;
mod orders;
pub(super) mod rest;
mod seats;
#[cfg(test)]
mod tests;
mod tickets;
mod told;

use super::facts::Facts;

/// What became of one invariant.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    /// `I1` to `I11`.
    pub(super) invariant: &'static str,
    /// What it says, in a few words.
    pub(super) claim: &'static str,
    /// What was compared, with numbers.
    pub(super) compared: String,
    /// Each thing that does not hold.
    pub(super) broken: Vec<String>,
}

impl Verdict {
    pub(super) fn holds(&self) -> bool {
        self.broken.is_empty()
    }
}

/// Checks all of them.
pub(super) fn check(facts: &Facts) -> Vec<Verdict> {
    vec![
        orders::never_lost(facts),
        orders::never_early(facts),
        orders::one_effect(facts),
        orders::exclusive(facts),
        told::atomic(facts),
        seats::freed_once(facts),
        dead_letters::poison_is_kept_once(facts),
        rest::everything_drains(facts),
        rest::late_by_no_more(facts),
        money::paid_in_time_is_paid(facts),
        money::money_follows_the_order(facts),
    ]
}
