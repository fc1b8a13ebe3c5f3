//! A failure that comes again with each request or message: no log grows with its length.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// Time between two lines while it lasts.
const REMINDER: Duration = Duration::from_secs(60);

/// Decides which of many equal failures the log tells of: the first, one a minute while they last, and their end.
#[derive(Debug)]
pub struct Outage {
    quiet: Duration,
    /// So that whoever succeeds, nearly always while there is no outage, pays for one load.
    lasts: AtomicBool,
    ongoing: Mutex<Option<Ongoing>>,
}

#[derive(Debug)]
struct Ongoing {
    since: Instant,
    last: Instant,
    told: Instant,
    count: u64,
}

/// An outage that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How often it failed.
    pub count: u64,
    /// From the first failure to the last.
    pub lasted: Duration,
}

impl Outage {
    /// It ends with the first success that comes `quiet` after the last failure: where some fail and some do not, each
    /// success would be an end.
    pub const fn new(quiet: Duration) -> Self {
        Self { quiet, lasts: AtomicBool::new(false), ongoing: Mutex::new(None) }
    }

    /// Counts a failure; how many there were so far, if the log is to tell of it.
    pub fn failed(&self) -> Option<u64> {
        let now = Instant::now();
        let mut ongoing = self.ongoing.lock().unwrap_or_else(PoisonError::into_inner);
        self.lasts.store(true, Ordering::Release);
        let Some(known) = ongoing.as_mut() else {
            *ongoing = Some(Ongoing { since: now, last: now, told: now, count: 1 });
            return Some(1);
        };
        known.count += 1;
        known.last = now;
        let is_due = now - known.told >= REMINDER;
        if is_due {
            known.told = now;
        }
        is_due.then_some(known.count)
    }

    /// Notes a success; the outage, if this ends one.
    pub fn succeeded(&self) -> Option<Ended> {
        if !self.lasts.load(Ordering::Acquire) {
            return None;
        }
        let mut ongoing = self.ongoing.lock().unwrap_or_else(PoisonError::into_inner);
        let known = ongoing.take_if(|known| known.last.elapsed() >= self.quiet)?;
        self.lasts.store(false, Ordering::Release);
        Some(Ended { count: known.count, lasted: known.last - known.since })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_failure_is_told_then_one_a_minute_and_then_the_end() {
        let outage = Outage::new(Duration::from_secs(10));
        assert_eq!(outage.succeeded(), None);
        let mut told = Vec::new();
        for _ in 0..1_200 {
            told.extend(outage.failed());
            assert_eq!(outage.succeeded(), None, "one success between failures is no end");
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        assert_eq!(told, [1, 601]);
        tokio::time::advance(Duration::from_secs(10)).await;
        let lasted = Duration::from_millis(119_900);
        assert_eq!(outage.succeeded(), Some(Ended { count: 1_200, lasted }));
        assert_eq!(outage.succeeded(), None);
        assert_eq!(outage.failed(), Some(1), "the next one is another");
    }
}
