//! A payment: how far it has come, and what is still to be done with it.

use std::{fmt, str::FromStr, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
pub use common::api::PaymentStatus as Status;
use common::{clock, event::Id, traceparent::Traceparent};
use secrecy::SecretString;

use crate::money::Currency;

/// A payment of an order.
#[derive(Clone, Debug)]
pub struct Payment {
    /// The payment's id, of which its idempotency keys are made.
    pub id: Id,
    /// The order that it is meant for.
    pub order_id: Id,
    /// What is paid, in the smallest unit of the currency.
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
    /// How the buyer pays.
    pub method: Method,
    /// How far it has come.
    pub status: Status,
    /// What is still to be done.
    pub decision: Option<Decision>,
    /// The PaymentIntent at Stripe, once it is known.
    pub intent: Option<String>,
    /// The Checkout Session at Stripe, once it is known.
    pub session: Option<String>,
    /// Where the buyer pays, while the page is open.
    pub url: Option<String>,
    /// Why it was declined, closed or rejected: for the buyer.
    pub reason: Option<String>,
    /// How many idempotency keys of a call are known to have done nothing.
    pub key_round: i32,
    /// Looks of the settler since the last change.
    pub attempts: i32,
    /// When the settler looks at it; also the end of the lease of a settler that does.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// Trace context of the request that began it.
    pub traceparent: Option<Traceparent>,
}

/// How the buyer pays.
#[derive(Clone, Debug)]
pub enum Method {
    /// With a card that the client has turned into a token. It is forgotten once nobody can need it any more.
    Token(Option<SecretString>),
    /// On the provider's own page.
    Page,
}

/// What is to be done with a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Its order is complete: take the money.
    Capture,
    /// Its order can't take it: give the money back.
    Release,
    /// Nothing is authorised yet and nothing has to be: its order is over.
    Close,
}

/// A text that is no decision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown decision {0:?}")]
pub struct UnknownDecision(String);

impl Decision {
    const ALL: [Self; 3] = [Self::Capture, Self::Release, Self::Close];

    /// The decision as it stands in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Release => "release",
            Self::Close => "close",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Decision {
    type Err = UnknownDecision;

    fn from_str(text: &str) -> Result<Self, UnknownDecision> {
        let known = Self::ALL.into_iter().find(|decision| decision.as_str() == text);
        known.ok_or_else(|| UnknownDecision(text.to_owned()))
    }
}

/// Stripe forgets idempotency keys after 24 h: from then on one is looked up and no longer posted.
const KEY_LIFE: TimeDelta = TimeDelta::hours(23);

impl Payment {
    /// The idempotency key of a call for this payment: the same however often it is asked again.
    pub fn key(&self, call: &str) -> String {
        match self.key_round {
            0 => format!("{call}:{}", self.id),
            round => format!("{call}:{}:{round}", self.id),
        }
    }

    /// Whether the provider may have forgotten the key under which this payment was begun.
    pub fn key_is_too_old(&self) -> bool {
        clock::now() - self.created_at > KEY_LIFE
    }

    /// Time since it changed last.
    pub fn unchanged_for(&self) -> Duration {
        (clock::now() - self.updated_at).to_std().unwrap_or_default()
    }

    /// The trace of the request that began it, for logs.
    pub fn trace_id(&self) -> Option<String> {
        self.traceparent.map(|traceparent| traceparent.trace_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment() -> Payment {
        Payment {
            id: "p-1".parse().unwrap(),
            order_id: "o-1".parse().unwrap(),
            amount: 2000,
            currency: "usd".parse().unwrap(),
            method: Method::Token(Some("tok_secret".into())),
            status: Status::Pending,
            decision: None,
            intent: None,
            session: None,
            url: None,
            reason: None,
            key_round: 0,
            attempts: 0,
            due_at: None,
            created_at: clock::now(),
            updated_at: clock::now(),
            traceparent: None,
        }
    }

    #[test]
    fn a_key_is_the_same_each_time_until_what_is_under_it_is_known_to_have_done_nothing() {
        let payment = payment();
        assert_eq!(payment.key("capture"), "capture:p-1");
        assert_eq!(payment.key("capture"), "capture:p-1");
        assert_eq!(Payment { key_round: 2, ..payment }.key("capture"), "capture:p-1:2");
    }

    #[test]
    fn a_key_is_not_used_when_it_may_be_forgotten() {
        assert!(!payment().key_is_too_old());
        let old = Payment { created_at: clock::now() - TimeDelta::hours(24), ..payment() };
        assert!(old.key_is_too_old());
    }

    #[test]
    fn a_token_is_not_shown() {
        assert!(!format!("{:?}", payment()).contains("tok_secret"));
    }

    #[test]
    fn a_decision_is_read_as_it_is_written() {
        for decision in Decision::ALL {
            assert_eq!(decision.to_string().parse(), Ok(decision));
        }
        assert!("keep".parse::<Decision>().is_err());
    }
}
