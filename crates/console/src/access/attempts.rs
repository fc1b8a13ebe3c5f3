//! How many wrong tokens are tried at the sign-in, by the minute.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use metrics::counter;

use crate::failure::Failure;

/// Wrong tokens from one address in a minute.
const FROM_ONE: u32 = 10;
/// And from all of them together, so that the table stays small.
const FROM_ALL: u32 = 100;
const WINDOW: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    since: Option<Instant>,
    all: u32,
    by_address: HashMap<String, u32>,
}

impl Attempts {
    /// Whether another token may be tried.
    pub(super) fn check(&self, from: Option<&str>) -> Result<(), Failure> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = match counts.since {
            Some(since) if since.elapsed() < WINDOW => since,
            _ => {
                *counts = Counts { since: Some(Instant::now()), ..Counts::default() };
                return Ok(());
            }
        };
        let own = counts.by_address.get(from.unwrap_or_default()).copied().unwrap_or_default();
        if own < FROM_ONE && counts.all < FROM_ALL {
            return Ok(());
        }
        let wait = WINDOW.saturating_sub(since.elapsed()).as_secs() + 1;
        Err(Failure::too_many("Too many wrong tokens, try again in a minute", wait as u32))
    }

    /// A wrong token was tried.
    pub(super) fn failed(&self, from: Option<&str>) {
        counter!("sign_in_failures_total").increment(1);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all += 1;
        *counts.by_address.entry(from.unwrap_or_default().to_owned()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_tokens_from_one_address_stop_that_address_and_many_stop_all() {
        let attempts = Attempts::default();
        for _ in 0..FROM_ONE {
            attempts.check(Some("a")).unwrap();
            attempts.failed(Some("a"));
        }
        assert_eq!(attempts.check(Some("a")).unwrap_err().status.as_u16(), 429);
        attempts.check(Some("b")).unwrap();
        for other in 0..FROM_ALL - FROM_ONE {
            attempts.failed(Some(&other.to_string()));
        }
        let refused = attempts.check(Some("b")).unwrap_err();
        assert!(refused.retry_after_s.unwrap() <= 61);
    }
}
