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

/// Shared by the relay, which sleeps, and the handler that schedules, which wakes it.
///
/// What is set while the relay is between its look at the schedule and its sleep must not be slept through, and what
/// is due later than the next look must not wake it.
#[derive(Clone, Debug, Default)]
pub struct DueWake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// When the sleeping relay looks again, ms since the epoch; while it is awake, before everything.
    wakes_at_ms: AtomicI64,
    /// The earliest that was set since the relay began its last look.
    earliest_ms: AtomicI64,
    earlier: Notify,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            wakes_at_ms: AtomicI64::new(i64::MIN),
            earliest_ms: AtomicI64::new(i64::MAX),
            earlier: Notify::new(),
        }
    }
}

impl DueWake {
    /// Something is due at `due_ms`, ms since the epoch, and is in the schedule by now.
    pub fn set(&self, due_ms: i64) {
        // In this order, and the sleeper in the other: one of the two sees what the other wrote.
        self.0.earliest_ms.fetch_min(due_ms, Ordering::SeqCst);
        if due_ms < self.0.wakes_at_ms.load(Ordering::SeqCst) {
            self.0.earlier.notify_one();
        }
    }

    /// The relay begins to look at the schedule: it will see whatever was set before.
    pub(super) fn begin_look(&self) {
        self.0.earliest_ms.store(i64::MAX, Ordering::SeqCst);
    }

    /// Sleeps for `wait`, or until something is due earlier.
    pub(super) async fn sleep(&self, wait: Duration) {
        let now_ms = clock::now_ms();
        let wakes_at_ms = now_ms.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        self.0.wakes_at_ms.store(wakes_at_ms, Ordering::SeqCst);
        if self.0.earliest_ms.load(Ordering::SeqCst) < wakes_at_ms {
            // At once, and not when it is due: it can still be claimed ahead.
            self.0.wakes_at_ms.store(i64::MIN, Ordering::SeqCst);
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.0.earlier.notified() => {}
        }
        self.0.wakes_at_ms.store(i64::MIN, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const LOOK: Duration = Duration::from_secs(3_600);

    fn in_ms(ms: i64) -> i64 {
        clock::now_ms() + ms
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_set_between_the_look_and_the_sleep_is_not_slept_through() {
        let due_wake = DueWake::default();
        due_wake.begin_look();
        due_wake.set(in_ms(20));
        let start = Instant::now();
        due_wake.sleep(LOOK).await;
        assert!(start.elapsed() <= Duration::from_millis(1), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_set_during_the_sleep_ends_it_if_it_is_due_before_the_next_look() {
        let due_wake = DueWake::default();
        due_wake.begin_look();
        let start = Instant::now();
        let (sleeper, setter) = (due_wake.sleep(LOOK), async {
            due_wake.set(in_ms(2 * 3_600_000));
            tokio::time::sleep(Duration::from_secs(5)).await;
            due_wake.set(in_ms(10));
        });
        tokio::join!(sleeper, setter);
        assert_eq!(start.elapsed().as_secs(), 5, "the first one is due after the next look anyway");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_set_before_the_look_wakes_nobody() {
        let due_wake = DueWake::default();
        due_wake.set(in_ms(0));
        due_wake.begin_look();
        let start = Instant::now();
        due_wake.sleep(LOOK).await;
        assert!(start.elapsed() >= LOOK);
    }
}
