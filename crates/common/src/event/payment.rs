//! What `payments` tells the others, and what `orders` answers about a payment.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Event, Id, Subject};

/// A buyer's money for an order is authorised, or with older services charged.
///
/// Subject `payment:created`, published by `payments`, listened to by `orders`. Idempotent by `id`: the same payment
/// again is a repetition, another one for the same order is rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentCreated {
    /// The payment.
    pub id: Id,
    /// The order that was paid.
    pub order_id: Id,
    /// The PaymentIntent or charge at Stripe, in Stripe's own form: what a refund needs.
    pub stripe_id: String,
}

impl Event for PaymentCreated {
    const SUBJECT: Subject = Subject::PaymentCreated;
}

/// `orders` can't take a payment: its money has to go back.
///
/// Subject `payment:rejected`, published by `orders`, listened to by `payments`. Idempotent by `id`: a payment is
/// rejected at most once, and one that completed its order never.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRejected {
    /// The payment.
    pub id: Id,
    /// The order that it was meant for.
    pub order_id: Id,
    /// As `payment:created` had it.
    pub stripe_id: String,
    /// Why, for a person: the buyer may be shown it.
    pub reason: String,
}

impl Event for PaymentRejected {
    const SUBJECT: Subject = Subject::PaymentRejected;
}

/// What became of a payment's money in the end.
///
/// Subject `payment:settled`, published by `payments`, listened to by `orders`. Idempotent by `id`: a payment is settled
/// once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentSettled {
    /// The payment.
    pub id: Id,
    /// The order that it was meant for.
    pub order_id: Id,
    /// As `payment:created` had it.
    pub stripe_id: String,
    /// What became of it.
    pub outcome: SettledOutcome,
}

impl Event for PaymentSettled {
    const SUBJECT: Subject = Subject::PaymentSettled;
}

/// Where the money of a payment is in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SettledOutcome {
    /// With the seller: the order is complete.
    Captured,
    /// It never left the buyer: the authorisation was cancelled.
    Released,
    /// It was charged, and is on its way back.
    Refunded,
    /// The provider did neither, for good: a person has to look.
    Failed,
}

/// A text that is no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown outcome {0:?}: expected captured, released, refunded or failed")]
pub struct UnknownOutcome(String);

impl SettledOutcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Captured, Self::Released, Self::Refunded, Self::Failed];

    /// The outcome as it stands on the wire and in the stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Captured => "captured",
            Self::Released => "released",
            Self::Refunded => "refunded",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for SettledOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SettledOutcome {
    type Err = UnknownOutcome;

    fn from_str(text: &str) -> Result<Self, UnknownOutcome> {
        let known = Self::ALL.into_iter().find(|outcome| outcome.as_str() == text);
        known.ok_or_else(|| UnknownOutcome(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_has_the_same_text_in_json_as_in_the_stores() {
        for outcome in SettledOutcome::ALL {
            assert_eq!(serde_json::to_string(&outcome).unwrap(), format!("\"{outcome}\""));
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
        }
        assert!("paid".parse::<SettledOutcome>().unwrap_err().to_string().contains("\"paid\""));
    }
}
