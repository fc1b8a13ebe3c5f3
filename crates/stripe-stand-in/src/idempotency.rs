//! Idempotency keys: the first answer is kept and given again.
//!
//! Source: docs.stripe.com/api/idempotent_requests. An answer is kept once execution began, whatever it is; what fails
//! validation, or meets a key that is in use, leaves no trace.

use std::{collections::HashMap, sync::Arc};

use crate::error::ApiError;

/// Stripe's documented limit.
const LONGEST: usize = 255;

/// A status and a body.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Arc<str>,
    /// The request that was answered so.
    pub(crate) request: String,
}

#[derive(Debug)]
struct Kept {
    fingerprint: String,
    /// None while the first request is at work.
    answer: Option<Answer>,
}

/// The keys of the account.
#[derive(Debug, Default)]
pub(crate) struct Keys(HashMap<String, Kept>);

impl Keys {
    /// Begins a request under this key: with the answer that it had before, if it had one.
    pub(crate) fn begin(&mut self, key: &str, fingerprint: &str) -> Result<Option<Answer>, ApiError> {
        if key.is_empty() || key.len() > LONGEST {
            let message = format!("Idempotency keys can be up to {LONGEST} characters long, and not empty.");
            return Err(ApiError::invalid(message));
        }
        match self.0.get(key) {
            None => {
                self.0.insert(key.to_owned(), Kept { fingerprint: fingerprint.to_owned(), answer: None });
                Ok(None)
            }
            Some(kept) if kept.fingerprint != fingerprint => Err(ApiError::idempotency(key)),
            Some(Kept { answer: None, .. }) => Err(ApiError::key_in_use(key)),
            Some(Kept { answer: Some(answer), .. }) => Ok(Some(answer.clone())),
        }
    }

    /// Keeps the answer, or frees the key where there is none to keep.
    pub(crate) fn finish(&mut self, key: &str, answer: Option<Answer>) {
        match (answer, self.0.get_mut(key)) {
            (Some(answer), Some(kept)) => kept.answer = Some(answer),
            (None, Some(_)) => {
                self.0.remove(key);
            }
            (_, None) => {}
        }
    }

    /// Forgets every key with an answer, as Stripe may do after a day.
    pub(crate) fn forget(&mut self) {
        self.0.retain(|_, kept| kept.answer.is_none());
    }
}
