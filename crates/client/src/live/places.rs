//! How many pages are told live at one time.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use metrics::{counter, gauge};

/// Why a stream is not opened, for the count of those.
pub(super) const REASONS: [&str; 3] = ["full", "not_theirs", "away"];

/// The places for pages. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Places {
    taken: Arc<AtomicUsize>,
    most: usize,
}

/// One of the places, until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Places {
    pub(super) fn new(most: usize) -> Self {
        gauge!("live_streams").set(0.0);
        Self { taken: Arc::default(), most }
    }

    /// A place, if one is free.
    pub(super) fn take(&self) -> Option<Place> {
        let next = |taken| (taken < self.most).then_some(taken + 1);
        if self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_err() {
            refused("full");
            return None;
        }
        gauge!("live_streams").increment(1.0);
        Some(Place(Arc::clone(&self.taken)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
        gauge!("live_streams").decrement(1.0);
    }
}

/// Counts a stream that is not opened.
pub(super) fn refused(reason: &'static str) {
    counter!("live_refused_total", "reason" => reason).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_page_is_gone() {
        let places = Places::new(2);
        let (one, two) = (places.take(), places.take());
        assert!(one.is_some() && two.is_some() && places.take().is_none());
        drop(one);
        let again = places.take();
        assert!(again.is_some() && places.take().is_none());
        assert!(Places::new(0).take().is_none());
    }
}
