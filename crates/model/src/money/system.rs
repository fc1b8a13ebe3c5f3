//! The system under check.

use super::{
    mistake::Mistake,
    scope::Scope,
    state::{Order, Payment, State},
};

/// The protocol in a scope, or one with a mistake in it.
#[derive(Clone, Copy, Debug)]
pub struct System {
    /// What there is, and what may go wrong.
    pub scope: Scope,
    /// What the protocol does wrong, if anything.
    pub mistake: Option<Mistake>,
}

impl System {
    /// The orders in a state that there are in this scope.
    pub(crate) fn orders<'a>(&self, state: &'a State) -> impl Iterator<Item = (u8, &'a Order)> + use<'a> {
        (0..self.scope.orders).map(|order| (order, state.order(order)))
    }

    /// The payments in a state that there are in this scope.
    pub(crate) fn payments<'a>(&self, state: &'a State) -> impl Iterator<Item = (u8, &'a Payment)> + use<'a> {
        self.scope.plans().map(|(payment, _)| (payment, state.payment(payment)))
    }

    /// Whether the protocol makes this mistake.
    pub(crate) fn errs(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }
}
