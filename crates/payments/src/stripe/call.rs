//! What is asked of Stripe, as the metrics name it.

use metrics::counter;

/// A call of Stripe's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `POST /v1/payment_intents`
    CreateIntent,
    /// `GET /v1/payment_intents/{id}`
    GetIntent,
    /// `POST /v1/payment_intents/{id}/confirm`
    ConfirmIntent,
    /// `POST /v1/payment_intents/{id}/capture`
    Capture,
    /// `POST /v1/payment_intents/{id}/cancel`
    Cancel,
    /// `POST /v1/checkout/sessions`
    CreateSession,
    /// `GET /v1/checkout/sessions/{id}`
    GetSession,
    /// `POST /v1/checkout/sessions/{id}/expire`
    ExpireSession,
    /// `POST /v1/refunds`
    Refund,
    /// `GET /v1/charges/{id}`
    GetCharge,
}

/// What an answer is counted as.
pub(super) const ANSWERS: [&str; 8] =
    ["ok", "declined", "refused", "busy", "spent", "unauthorised", "failed", "lost"];

impl Call {
    /// Every call.
    pub const ALL: [Self; 10] = [
        Self::CreateIntent,
        Self::GetIntent,
        Self::ConfirmIntent,
        Self::Capture,
        Self::Cancel,
        Self::CreateSession,
        Self::GetSession,
        Self::ExpireSession,
        Self::Refund,
        Self::GetCharge,
    ];

    /// Its name in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateIntent => "create_intent",
            Self::GetIntent => "get_intent",
            Self::ConfirmIntent => "confirm_intent",
            Self::Capture => "capture",
            Self::Cancel => "cancel",
            Self::CreateSession => "create_session",
            Self::GetSession => "get_session",
            Self::ExpireSession => "expire_session",
            Self::Refund => "refund",
            Self::GetCharge => "get_charge",
        }
    }

    pub(super) fn count(self, answer: &'static str) {
        counter!("stripe_requests_total", "call" => self.as_str(), "answer" => answer).increment(1);
    }
}

/// Begins every series at 0.
pub(super) fn count_from_zero() {
    for call in Call::ALL {
        for answer in ANSWERS {
            counter!("stripe_requests_total", "call" => call.as_str(), "answer" => answer).increment(0);
        }
    }
}
