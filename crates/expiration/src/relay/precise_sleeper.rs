//! Wakes at an instant, to some 50 µs.
//!
//! The runtime's own timers round up to whole milliseconds, which would be most of a job's lateness. This is one
//! thread that sleeps as precisely as the operating system does; it is up only at the instants that somebody awaits.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use anyhow::Context as _;
use tokio::sync::oneshot;

/// A handle of the thread, which ends with the last of them.
#[derive(Clone, Debug)]
pub(super) struct PreciseSleeper(Arc<Handle>);

#[derive(Debug)]
struct Handle(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    sleepers: BinaryHeap<Reverse<Sleeper>>,
    closed: bool,
}

#[derive(Debug)]
struct Sleeper {
    at: Instant,
    wake: oneshot::Sender<()>,
}

impl PreciseSleeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the operating system has no thread to give.
    pub(super) fn start() -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::default());
        let pacing = Arc::clone(&shared);
        thread::Builder::new()
            .name("sleeper".into())
            .spawn(move || pacing.pace())
            .context("start a thread")?;
        Ok(Self(Arc::new(Handle(shared))))
    }

    /// Returns at this instant or a moment later, never before it.
    pub(super) async fn until(&self, at: Instant) {
        // A thread that was woken at once would still be a task switch late.
        if at <= Instant::now() {
            return;
        }
        let woken = self.0.0.add(at);
        if woken.await.is_err() {
            // The thread is gone, which only a panic in it can do; then the runtime's timers have to do.
            tokio::time::sleep_until(at.into()).await;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody waits for this instant.
    fn add(&self, at: Instant) -> oneshot::Receiver<()> {
        let (wake, woken) = oneshot::channel();
        let mut state = self.lock();
        if state.closed {
            return woken;
        }
        let is_next = state.sleepers.peek().is_none_or(|Reverse(first)| at < first.at);
        state.sleepers.push(Reverse(Sleeper { at, wake }));
        drop(state);
        if is_next {
            self.changed.notify_one();
        }
        woken
    }

    fn pace(&self) {
        let _closing = Closing(self);
        let mut state = self.lock();
        while !state.closed {
            let now = Instant::now();
            while state.sleepers.peek().is_some_and(|Reverse(first)| first.at <= now) {
                if let Some(Reverse(sleeper)) = state.sleepers.pop() {
                    // Nobody waits any more where the drain began.
                    let _ = sleeper.wake.send(());
                }
            }
            state = match state.sleepers.peek() {
                Some(Reverse(next)) => {
                    let left = next.at.saturating_duration_since(Instant::now());
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

/// However the thread ends, nobody waits for it any more.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.sleepers.clear();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Sleeper {}

impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sleeper {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn many_who_wait_in_any_order_are_each_woken_at_their_instant_and_not_before() {
        let sleeper = PreciseSleeper::start().unwrap();
        let begin = Instant::now();
        let sleepers = (0..200_u64).map(|number| {
            let (sleeper, at) = (sleeper.clone(), begin + Duration::from_micros(number * 7_919 % 50_000));
            tokio::spawn(async move {
                sleeper.until(at).await;
                (at, Instant::now())
            })
        });
        for sleeper in sleepers.collect::<Vec<_>>() {
            let (at, woken) = sleeper.await.unwrap();
            assert!(woken >= at, "{:?} early", at - woken);
        }
    }

    #[tokio::test]
    async fn an_earlier_instant_overtakes_one_that_is_already_awaited() {
        let sleeper = PreciseSleeper::start().unwrap();
        let begin = Instant::now();
        let late = tokio::spawn({
            let sleeper = sleeper.clone();
            async move { sleeper.until(begin + Duration::from_secs(3_600)).await }
        });
        tokio::task::yield_now().await;
        sleeper.until(begin + Duration::from_millis(5)).await;
        assert!(!late.is_finished());
        late.abort();
    }

    #[tokio::test]
    async fn the_thread_ends_with_the_last_handle() {
        let sleeper = PreciseSleeper::start().unwrap();
        let shared = Arc::downgrade(&sleeper.0.0);
        drop(sleeper.clone());
        assert!(!shared.upgrade().unwrap().lock().closed);
        drop(sleeper);
        testkit::eventually("the thread is gone", Duration::from_secs(10), async || {
            shared.upgrade().map_or(Ok(()), |_| Err("it holds what it shares".to_owned()))
        })
        .await;
    }
}
