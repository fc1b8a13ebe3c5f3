//! Stripe's objects, the parts of them that matter here. Fields and values that are not known are left alone.

use common::event::Id;
use serde::Deserialize;

/// Ours on an object of Stripe's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Metadata {
    /// The payment that it was made for. Objects of others have none.
    pub payment: Option<String>,
}

impl Metadata {
    /// The payment, if what is there can be the id of one.
    pub fn payment(&self) -> Option<Id> {
        self.payment.as_deref()?.parse().ok()
    }
}

/// A PaymentIntent.
#[derive(Clone, Debug, Deserialize)]
pub struct Intent {
    /// Its id.
    pub id: String,
    /// How far it has come.
    pub status: IntentStatus,
    /// Ours.
    #[serde(default)]
    pub metadata: Metadata,
    /// What holds or took the money.
    pub latest_charge: Option<String>,
    /// Why the last try to pay did not succeed.
    pub last_payment_error: Option<PaymentError>,
}

impl Intent {
    /// Whether no card was ever charged for it.
    pub fn is_untouched(&self) -> bool {
        matches!(self.status, IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresConfirmation)
            && self.last_payment_error.is_none()
    }
}

/// Why a try to pay did not succeed.
#[derive(Clone, Debug, Deserialize)]
pub struct PaymentError {
    /// Stripe's words, for the buyer.
    pub message: Option<String>,
}

/// How far a PaymentIntent has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentStatus {
    /// Nothing is paid; the last card, if there was one, was declined.
    RequiresPaymentMethod,
    /// Nothing is paid.
    RequiresConfirmation,
    /// The buyer's bank wants to ask him.
    RequiresAction,
    /// Stripe is at it.
    Processing,
    /// The money is held.
    RequiresCapture,
    /// Nothing is held any more. Final.
    Canceled,
    /// The money is taken. Final, but for refunds.
    Succeeded,
    /// One that is newer than this program.
    #[serde(other)]
    Unknown,
}

/// A Checkout Session: the page on which a buyer pays.
#[derive(Clone, Debug, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// How far it has come.
    pub status: SessionStatus,
    /// Where the buyer pays, while it is open.
    pub url: Option<String>,
    /// What the buyer has paid with, once he has.
    pub payment_intent: Option<String>,
}

/// How far a Checkout Session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// The buyer can pay.
    Open,
    /// He has.
    Complete,
    /// He has not, and can't any more.
    Expired,
    /// One that is newer than this program.
    #[serde(other)]
    Unknown,
}

/// A refund.
#[derive(Clone, Debug, Deserialize)]
pub struct Refund {
    /// How far it has come.
    pub status: RefundStatus,
}

/// How far a refund has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// The money is on its way, or there.
    Succeeded,
    /// The same, a little later.
    Pending,
    /// The bank does not take it.
    Failed,
    /// Somebody called it off.
    Canceled,
    /// One that is newer than this program.
    #[serde(other)]
    Unknown,
}

/// A charge, which is what a refund goes back on.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Charge {
    /// All of it is on its way back.
    pub(super) refunded: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_newer_than_this_program_is_read_too() {
        let intent = r#"{"id":"pi_1","object":"payment_intent","status":"requires_prayer","metadata":{"payment":"p 1","x":"y"}}"#;
        let intent: Intent = serde_json::from_str(intent).unwrap();
        assert_eq!((intent.status, intent.metadata.payment()), (IntentStatus::Unknown, None));
        let session: Session = serde_json::from_str(r#"{"id":"cs_1","status":"open","url":null}"#).unwrap();
        assert_eq!((session.status, session.payment_intent), (SessionStatus::Open, None));
    }
}
