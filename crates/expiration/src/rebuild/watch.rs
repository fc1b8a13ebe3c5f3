//! What other parts of the process know of the checkpoint, and how they ask for a look at it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use messaging::topology::MAX_AGE;
use tokio::sync::Notify;

/// Clones share it.
#[derive(Clone, Debug)]
pub struct CheckpointWatch(Arc<Known>);

#[derive(Debug)]
struct Known {
    holds: AtomicBool,
    /// For how many ms the orders' stream keeps a message; the greatest number: for ever.
    retention_ms: AtomicU64,
    asked: Notify,
}

impl Default for CheckpointWatch {
    fn default() -> Self {
        let known =
            Known { holds: AtomicBool::new(false), retention_ms: AtomicU64::new(0), asked: Notify::new() };
        let watch = Self(Arc::new(known));
        // What a stream of ours has, until the broker has said what this one has.
        watch.set_retention(Some(MAX_AGE));
        watch
    }
}

impl CheckpointWatch {
    /// Whether it held at the last look.
    pub fn holds(&self) -> bool {
        self.0.holds.load(Ordering::Relaxed)
    }

    /// For how long the orders' stream keeps a message; `None`: for ever.
    pub fn retention(&self) -> Option<Duration> {
        let ms = self.0.retention_ms.load(Ordering::Relaxed);
        (ms != u64::MAX).then_some(Duration::from_millis(ms))
    }

    /// Has the loop look at once.
    pub fn ask(&self) {
        self.0.asked.notify_one();
    }

    pub(super) async fn asked(&self) {
        self.0.asked.notified().await;
    }

    pub(super) fn set_holds(&self, holds: bool) {
        self.0.holds.store(holds, Ordering::Relaxed);
    }

    pub(super) fn set_retention(&self, retention: Option<Duration>) {
        let ms = retention.map_or(u64::MAX, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        self.0.retention_ms.store(ms, Ordering::Relaxed);
    }
}
