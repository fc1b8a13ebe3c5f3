//! Loops, and whether they still turn.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{Inner, Name, locked};
use crate::config::duration::WithUnit;

#[derive(Debug)]
pub(super) struct LoopState {
    name: Name,
    max_silence: Duration,
    last_beat_ms: AtomicU64,
}

impl LoopState {
    pub(super) fn new(name: Name, max_silence: Duration, now_ms: u64) -> Self {
        Self { name, max_silence, last_beat_ms: AtomicU64::new(now_ms) }
    }

    pub(super) fn silence(&self, now_ms: u64) -> Option<String> {
        // A beat may come between the two readings of the clock, hence saturating.
        let silent_ms = now_ms.saturating_sub(self.last_beat_ms.load(Ordering::Relaxed));
        let silent = Duration::from_millis(silent_ms);
        (silent > self.max_silence).then(|| {
            let limit = WithUnit(self.max_silence);
            format!("loop {} has been silent for {}, more than {limit}", self.name, WithUnit(silent))
        })
    }
}

/// The sign of life of one loop. Dropping it ends the watch, because a loop that finished on purpose is not silent;
/// dropped by a panic it stays watched, and goes silent.
#[derive(Debug)]
pub struct Heartbeat {
    inner: Arc<Inner>,
    state: Arc<LoopState>,
}

impl Heartbeat {
    pub(super) fn new(inner: Arc<Inner>, state: Arc<LoopState>) -> Self {
        Self { inner, state }
    }

    /// Says that the loop still turns. Cheap: one atomic store.
    pub fn beat(&self) {
        self.state.last_beat_ms.store(self.inner.now_ms(), Ordering::Relaxed);
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            locked(&self.inner.loops).retain(|each| !Arc::ptr_eq(each, &self.state));
        }
    }
}
