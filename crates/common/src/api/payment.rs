//! `/api/payments`

use std::{fmt, str::FromStr};

use serde::Serialize;
use utoipa::ToSchema;

use crate::event::{Id, Price};

/// How far a payment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PaymentStatus {
    /// The provider was asked, and has not answered yet.
    Pending,
    /// The buyer can pay on the provider's page.
    Open,
    /// The money is held, and not taken yet.
    Authorised,
    /// The money is taken: the order is complete.
    Captured,
    /// The money that was held is free again.
    Released,
    /// The money that was taken is on its way back.
    Refunded,
    /// The provider could neither take the money nor give it back: a person has to look.
    Failed,
    /// The card was declined. Another one may do.
    Declined,
    /// Nothing was paid, and by this payment nothing will be.
    Closed,
}

/// A text that is no status of a payment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown payment status {0:?}")]
pub struct UnknownPaymentStatus(String);

impl PaymentStatus {
    /// Every status.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Open,
        Self::Authorised,
        Self::Captured,
        Self::Released,
        Self::Refunded,
        Self::Failed,
        Self::Declined,
        Self::Closed,
    ];

    /// The status as it stands on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Authorised => "authorised",
            Self::Captured => "captured",
            Self::Released => "released",
            Self::Refunded => "refunded",
            Self::Failed => "failed",
            Self::Declined => "declined",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for PaymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PaymentStatus {
    type Err = UnknownPaymentStatus;

    fn from_str(text: &str) -> Result<Self, UnknownPaymentStatus> {
        let known = Self::ALL.into_iter().find(|status| status.as_str() == text);
        known.ok_or_else(|| UnknownPaymentStatus(text.to_owned()))
    }
}

/// What a buyer pays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewPayment)]
#[serde(rename_all = "camelCase")]
pub struct NewPaymentBody {
    /// The order.
    pub order_id: Id,
    /// A card, as a token of the provider. Without it the buyer pays on the provider's page.
    #[schema(nullable = false, min_length = 1, max_length = 255, pattern = "^[A-Za-z0-9_-]+$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// A payment that has begun.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BegunPayment)]
pub struct BegunPaymentBody {
    /// The payment.
    pub id: Id,
    /// The provider's page, where the buyer has to pay. Left out when there is nothing more to do.
    #[schema(nullable = false, format = "uri")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A payment as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
#[serde(rename_all = "camelCase")]
pub struct PaymentBody {
    /// The payment.
    pub id: Id,
    /// The order that it is meant for.
    pub order_id: Id,
    /// How far it has come.
    pub status: PaymentStatus,
    /// What is paid.
    pub amount: Price,
    /// The currency's ISO code, in lower case.
    #[schema(pattern = "^[a-z]{3}$")]
    pub currency: String,
    /// The provider's page, while the buyer can pay there.
    #[schema(nullable = false, format = "uri")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Why it did not succeed, for a person.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_the_same_text_in_json_as_in_the_store() {
        for status in PaymentStatus::ALL {
            assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{status}\""));
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert!("paid".parse::<PaymentStatus>().unwrap_err().to_string().contains("\"paid\""));
    }
}
