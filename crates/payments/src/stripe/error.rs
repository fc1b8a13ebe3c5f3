//! What an answer that is no success means for whoever asked.
//!
//! Source: <https://docs.stripe.com/error-low-level>. The answer of a call that had begun is kept under its idempotency key and
//! is given again, a 500 too; what is refused before that (a wrong key of ours, too many requests, the same key in use) is not.

use std::time::Duration;

use serde::Deserialize;

use super::objects::Intent;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The card was declined.
    #[error("the card was declined: {}", .0.message)]
    Declined(Decline),
    /// What was asked for is not possible, and asking again changes nothing. Its words may name a token, so they are not shown.
    #[error("refused with {} {}", .0.status, .0.code)]
    Refused(Box<Refusal>),
    /// The answer kept under the key says nothing of what was done, and never will: only a look-up can tell.
    #[error("the key is spent: {0}")]
    Spent(String),
    /// It may have been done or not: ask again, with the same key.
    #[error("{reason}")]
    Unknown {
        /// What happened.
        reason: String,
        /// When Stripe wants to be asked again.
        retry_after: Option<Duration>,
    },
}

/// A declined card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decline {
    /// Stripe's own words, for the buyer.
    pub message: String,
    /// The intent that it was declined in.
    pub intent: Option<String>,
}

/// A refused call.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Stripe's code for it.
    pub code: String,
    /// The parameter that it is about.
    pub param: String,
    /// Stripe's words, for us.
    pub message: String,
    /// The intent as it stands, where Stripe sends it along.
    pub intent: Option<Intent>,
}

impl CallError {
    pub(crate) fn lost(reason: impl Into<String>) -> Self {
        Self::Unknown { reason: reason.into(), retry_after: None }
    }

    /// What the metrics call it.
    pub(super) fn answer(&self) -> &'static str {
        match self {
            Self::Declined(_) => "declined",
            Self::Refused(_) => "refused",
            Self::Spent(_) => "spent",
            Self::Unknown { .. } => "lost",
        }
    }
}

/// The body of every answer that is an error.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorBody {
    error: ErrorDetails,
}

#[derive(Debug, Default, Deserialize)]
struct ErrorDetails {
    #[serde(rename = "type", default)]
    kind: String,
    code: Option<String>,
    param: Option<String>,
    message: Option<String>,
    payment_intent: Option<Intent>,
}

/// What an answer with this status means, and what the metrics call it.
pub(super) fn judge(
    status: u16,
    replayed: bool,
    retry_after: Option<Duration>,
    body: ErrorBody,
) -> (&'static str, CallError) {
    let ErrorDetails { kind, code, param, message, payment_intent } = body.error;
    let (code, param) = (code.unwrap_or_default(), param.unwrap_or_default());
    let message = message.unwrap_or_else(|| format!("an answer {status} without a reason"));
    let unknown = |reason: String| CallError::Unknown { reason, retry_after };
    let error = match status {
        401 | 403 => return ("unauthorised", unknown(format!("STRIPE_SECRET_KEY is not taken ({status})"))),
        409 | 429 => return ("busy", unknown(format!("busy ({status} {code}): {message}"))),
        500.. if replayed => CallError::Spent(format!("an answer {status} is kept under it")),
        500.. => return ("failed", unknown(format!("an answer {status}: {message}"))),
        // Whoever is in between may answer for the provider, after the call has reached it.
        _ if kind.is_empty() => {
            return ("failed", unknown(format!("an answer {status} that is not the provider's")));
        }
        402 => {
            let intent = payment_intent.map(|intent| intent.id);
            return ("declined", CallError::Declined(Decline { message, intent }));
        }
        400 if kind == "idempotency_error" => CallError::Spent(message),
        _ => CallError::Refused(Box::new(Refusal { status, code, param, message, intent: payment_intent })),
    };
    (error.answer(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, replayed: bool, body: &str) -> (&'static str, CallError) {
        judge(status, replayed, None, serde_json::from_str(body).unwrap_or_default())
    }

    #[test]
    fn a_decline_keeps_stripes_words_and_the_intent() {
        let body = r#"{"error":{"type":"card_error","code":"card_declined","message":"Your card was declined.",
                       "payment_intent":{"id":"pi_1","status":"requires_payment_method","created":1}}}"#;
        let ("declined", CallError::Declined(decline)) = judged(402, false, body) else {
            panic!("not declined")
        };
        let message = "Your card was declined.".to_owned();
        assert_eq!(decline, Decline { message, intent: Some("pi_1".to_owned()) });
    }

    #[test]
    fn an_answer_that_is_not_the_providers_says_nothing_of_what_was_done() {
        for status in [302, 400, 402, 404, 408] {
            let (counted, error) = judged(status, false, "<html>");
            assert!(matches!(error, CallError::Unknown { .. }) && counted == "failed", "{status}: {error:?}");
        }
    }

    #[test]
    fn a_failure_may_have_done_it_and_a_kept_one_says_that_nobody_will_ever_know() {
        for (status, answer) in [
            (500, "failed"),
            (502, "failed"),
            (503, "failed"),
            (409, "busy"),
            (429, "busy"),
            (401, "unauthorised"),
        ] {
            let (counted, error) = judged(status, false, "<html>");
            assert!(matches!(error, CallError::Unknown { .. }) && counted == answer, "{status}: {error:?}");
        }
        assert!(matches!(judged(500, true, "").1, CallError::Spent(_)));
        let other_parameters =
            r#"{"error":{"type":"idempotency_error","message":"Keys for idempotent requests"}}"#;
        assert!(matches!(judged(400, false, other_parameters).1, CallError::Spent(_)));
    }

    #[test]
    fn what_is_refused_is_refused_for_good_with_the_intent_as_it_stands() {
        let body = r#"{"error":{"type":"invalid_request_error","code":"payment_intent_unexpected_state","message":"m",
                       "payment_intent":{"id":"pi_1","status":"canceled","created":1}}}"#;
        let (_, CallError::Refused(refusal)) = judged(400, true, body) else { panic!("not refused") };
        assert_eq!((refusal.status, refusal.code.as_str()), (400, "payment_intent_unexpected_state"));
        assert_eq!(refusal.intent.unwrap().id, "pi_1");
    }
}
