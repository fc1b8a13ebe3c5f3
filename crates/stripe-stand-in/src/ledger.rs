//! The money, as tests and the demo sum it up.

use crate::{
    form::Metadata,
    objects::{Intent, IntentStatus},
    state::State,
};

/// What became of one purchase's money, in the smallest unit of its currency.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LedgerEntry {
    /// The id of the PaymentIntent.
    pub intent: String,
    /// The id of the Checkout Session whose page made it.
    pub session: Option<String>,
    /// What was to be paid.
    pub amount: i64,
    /// In lower case, such as `usd`.
    pub currency: String,
    /// Where it is in its life.
    pub status: IntentStatus,
    /// What was taken.
    pub captured: i64,
    /// What of it went back.
    pub refunded: i64,
    /// What the client attached to it.
    pub metadata: Metadata,
}

impl LedgerEntry {
    /// What the seller has of it.
    pub fn net(&self) -> i64 {
        self.captured - self.refunded
    }

    /// Whether money is held that is neither taken nor released.
    pub fn is_open(&self) -> bool {
        self.status == IntentStatus::RequiresCapture
    }
}

impl State {
    /// Every purchase, oldest first.
    pub(crate) fn ledger(&self) -> Vec<LedgerEntry> {
        self.intents.iter().map(|intent| self.entry(intent)).collect()
    }

    fn entry(&self, intent: &Intent) -> LedgerEntry {
        let charge = intent.latest_charge.as_ref().and_then(|charge| self.charges.get(charge));
        let captured = charge.filter(|charge| charge.captured);
        LedgerEntry {
            intent: intent.id.clone(),
            session: intent.session.clone(),
            amount: intent.amount,
            currency: intent.currency.clone(),
            status: intent.status,
            captured: captured.map_or(0, |charge| charge.amount_captured),
            refunded: captured.map_or(0, |charge| charge.amount_refunded),
            metadata: intent.metadata.clone(),
        }
    }
}
