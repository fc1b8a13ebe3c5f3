//! What this process has claimed and not yet completed or released.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The claims in hand, each with the due time of its oldest job. A claimed job no longer shows its due time in Redis,
/// so the age of the oldest job needs this too.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    next: AtomicU64,
    oldest_due_ms: Mutex<BTreeMap<u64, i64>>,
}

impl InFlight {
    /// Due time of the oldest job in hand, ms since the epoch.
    pub fn oldest_due_ms(&self) -> Option<i64> {
        self.lock().values().copied().min()
    }

    pub(super) fn enter(&self, oldest_due_ms: i64) -> InFlightGuard {
        let key = self.0.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(key, oldest_due_ms);
        InFlightGuard { in_flight: self.clone(), key }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, i64>> {
        self.0.oldest_due_ms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One claim in hand, until it is dropped.
#[derive(Debug)]
pub(super) struct InFlightGuard {
    in_flight: InFlight,
    key: u64,
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.in_flight.lock().remove(&self.key);
    }
}
