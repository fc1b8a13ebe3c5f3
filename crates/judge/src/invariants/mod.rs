//! What must always hold, checked against the facts: pure functions, one invariant each.

mod copies;
mod dead_letters;
mod delays;
mod early;
mod foreign;
mod lateness;
mod letters;
mod lost;
mod money;
mod orders;
mod rest;
mod seats;
#[cfg(test)]
mod tests;
mod tickets;
mod timers;
mod told;
mod wishes;

pub use self::lateness::Lateness;

use crate::facts::Facts;

/// What became of one invariant.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// `I1` to `I12`.
    pub invariant: &'static str,
    /// What it says, in a few words.
    pub claim: &'static str,
    /// What was compared, with numbers.
    pub compared: String,
    /// Each thing that does not hold.
    pub broken: Vec<String>,
}

impl Verdict {
    /// Whether it was kept.
    pub fn holds(&self) -> bool {
        self.broken.is_empty()
    }
}

/// Checks all of them.
pub fn check(facts: &Facts) -> Vec<Verdict> {
    vec![
        orders::never_lost(facts),
        early::never_early(facts),
        orders::one_effect(facts),
        orders::exclusive(facts),
        told::atomic(facts),
        seats::freed_once(facts),
        dead_letters::poison_is_kept_once(facts),
        rest::everything_drains(facts),
        lateness::late_by_no_more(facts),
        money::paid_in_time_is_paid(facts),
        money::money_follows_the_order(facts),
        lost::comes_back(facts),
    ]
}
