//! What this process last knew of the earliest due time: while Redis is away its timers still come due.

use std::sync::atomic::{AtomicI64, Ordering};

const NOTHING: i64 = i64::MAX;

/// The earliest due time that this process has seen or set itself, ms since the epoch.
#[derive(Debug)]
pub(super) struct EarliestDue(AtomicI64);

impl Default for EarliestDue {
    fn default() -> Self {
        Self(AtomicI64::new(NOTHING))
    }
}

impl EarliestDue {
    /// A timer was added.
    pub(super) fn add(&self, due_ms: i64) {
        self.0.fetch_min(due_ms, Ordering::AcqRel);
    }

    /// Redis told.
    pub(super) fn set(&self, due_ms: Option<i64>) {
        self.0.store(due_ms.unwrap_or(NOTHING), Ordering::Release);
    }

    pub(super) fn earliest_ms(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Acquire)).filter(|due_ms| *due_ms != NOTHING)
    }
}
