//! How far the stream of expirations has acknowledged what this process published, and whether it went back behind that.
//!
//! The checkpoint knows an end of the stream that is a second or two old, and older where an event of an order is not
//! acknowledged. What the broker loses behind it is known to whoever published it: its timers have left the schedule.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use messaging::Stored;

/// Shared by the relay, which publishes, and the rebuild, which looks. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Acknowledged(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// The highest sequence that was acknowledged.
    last: AtomicU64,
    /// How often the stream was seen to have lost some of it.
    losses: AtomicU64,
    /// Up to which of these everything was brought back.
    mended: AtomicU64,
}

impl Acknowledged {
    /// The highest sequence of this process; 0: none. What is published after this question gets a higher one, unless the stream
    /// went back or knows it already.
    pub fn last(&self) -> u64 {
        self.0.last.load(Ordering::SeqCst)
    }

    /// Takes the answers to what was published after [`Self::last`] was `before`.
    pub fn take(&self, before: u64, answers: impl IntoIterator<Item = Stored>) {
        let new = answers.into_iter().filter(|stored| !stored.duplicate).map(|stored| stored.sequence);
        let (lowest, highest) = new.fold((u64::MAX, 0), |(low, high), new| (low.min(new), high.max(new)));
        if lowest <= before {
            self.lost(highest);
        } else {
            self.0.last.fetch_max(highest, Ordering::SeqCst);
        }
    }

    /// The stream ends here, where it was asked after [`Self::last`] was `before`.
    pub fn ends(&self, before: u64, end: u64) {
        if end < before {
            self.lost(end);
        }
    }

    fn lost(&self, end: u64) {
        self.0.losses.fetch_add(1, Ordering::SeqCst);
        self.0.last.store(end, Ordering::SeqCst);
    }

    /// Whether something is lost that nobody has brought back.
    pub fn went_back(&self) -> bool {
        self.losses() > self.0.mended.load(Ordering::SeqCst)
    }

    /// How often so far: for [`Self::mended`].
    pub fn losses(&self) -> u64 {
        self.0.losses.load(Ordering::SeqCst)
    }

    /// What was lost up to then is brought back.
    pub fn mended(&self, losses: u64) {
        self.0.mended.fetch_max(losses, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(sequence: u64) -> Stored {
        Stored { sequence, duplicate: false }
    }

    #[test]
    fn a_sequence_that_is_not_higher_than_those_before_it_says_that_some_were_lost() {
        let acknowledged = Acknowledged::default();
        acknowledged.take(0, [stored(7), stored(8)]);
        // Published at the same time, answered later.
        acknowledged.take(0, [stored(5), stored(6)]);
        assert_eq!((acknowledged.last(), acknowledged.went_back()), (8, false));
        acknowledged.take(8, [Stored { sequence: 5, duplicate: true }, stored(9)]);
        assert!(!acknowledged.went_back(), "an earlier publish has stored it");
        acknowledged.take(9, [stored(8)]);
        assert_eq!((acknowledged.last(), acknowledged.went_back()), (8, true));
    }

    #[test]
    fn a_stream_that_ends_before_what_it_acknowledged_has_lost_some() {
        let acknowledged = Acknowledged::default();
        acknowledged.take(0, [stored(8)]);
        acknowledged.ends(8, 8);
        acknowledged.ends(8, 9);
        assert!(!acknowledged.went_back());
        acknowledged.ends(8, 7);
        let losses = acknowledged.losses();
        acknowledged.ends(7, 3);
        acknowledged.mended(losses);
        assert!(acknowledged.went_back(), "once more meanwhile");
        acknowledged.mended(acknowledged.losses());
        assert!(!acknowledged.went_back());
        acknowledged.take(3, []);
        assert!(!acknowledged.went_back());
    }
}
