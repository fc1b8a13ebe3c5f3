//! Wakes the relay when something is due before it would look again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use common::clock;
use tokio::sync::Notify;

/// Shared by the relay, which sleeps, and the handler that schedules, which wakes it. A wake-up carries no data: the
/// relay looks at the schedule anyway.
#[derive(Clone, Debug, Default)]
pub struct Alarm(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// When the relay looks again, ms since the epoch; 0 while it is awake.
    wakes_at_ms: AtomicI64,
    earlier: Notify,
}

impl Alarm {
    /// Something is due at `due_ms`, ms since the epoch.
    pub fn set(&self, due_ms: i64) {
        if due_ms < self.0.wakes_at_ms.load(Ordering::Acquire) {
            self.0.earlier.notify_one();
        }
    }

    /// Sleeps for `wait`, or until something is due earlier.
    pub(super) async fn sleep(&self, wait: Duration) {
        let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        self.0.wakes_at_ms.store(clock::now_ms().saturating_add(wait_ms), Ordering::Release);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.0.earlier.notified() => {}
        }
        self.0.wakes_at_ms.store(0, Ordering::Release);
    }
}
