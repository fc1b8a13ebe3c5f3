//! How many look on at one time.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use metrics::{counter, gauge};

/// The places. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    taken: AtomicUsize,
    most: usize,
    closed: AtomicBool,
}

/// One of the places, until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<Inner>);

impl Places {
    pub(super) fn new(most: usize) -> Self {
        counter!("live_refused_total").increment(0);
        Self(Arc::new(Inner { taken: AtomicUsize::new(0), most, closed: AtomicBool::new(false) }))
    }

    /// A place, if one is free.
    pub(super) fn take(&self) -> Option<Place> {
        let next = |taken| (taken < self.0.most).then_some(taken + 1);
        let taken = self.0.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        if taken.is_err() || self.0.closed.load(Ordering::Relaxed) {
            counter!("live_refused_total").increment(1);
            return None;
        }
        gauge!("live_streams").increment(1.0);
        Some(Place(Arc::clone(&self.0)))
    }

    /// Whether nobody looks on.
    pub(super) fn is_empty(&self) -> bool {
        self.0.taken.load(Ordering::Relaxed) == 0
    }

    /// Ends every stream.
    pub(super) fn close(&self) {
        self.0.closed.store(true, Ordering::Relaxed);
    }
}

impl Place {
    /// Whether the stream is to end.
    pub(super) fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
        gauge!("live_streams").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_reader_is_gone() {
        let places = Places::new(2);
        let (one, two) = (places.take(), places.take());
        assert!(one.is_some() && two.is_some() && places.take().is_none());
        drop(one);
        assert!(places.take().is_some() && Places::new(0).take().is_none());
        places.close();
        assert!(places.take().is_none() && two.unwrap().is_closed());
    }
}
