//! What a relay let through and what it did not: that a fault was in force is seen here.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start of a relay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections that clients opened.
    pub connections: u64,
    /// Bytes that arrived at the server.
    pub to_server: u64,
    /// Bytes that arrived at a client.
    pub to_client: u64,
    /// How often data, or the end of a connection, had to wait for the end of a cut.
    pub held: u64,
    /// Pieces of data that came later because the line is slow.
    pub delayed: u64,
    /// Pieces of data that were lost and sent again.
    pub lost: u64,
    /// Connections that were reset.
    pub resets: u64,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) connections: AtomicU64,
    pub(super) to_server: AtomicU64,
    pub(super) to_client: AtomicU64,
    pub(super) held: AtomicU64,
    pub(super) delayed: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) resets: AtomicU64,
}

impl Tally {
    pub(super) fn counters(&self) -> Counters {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counters {
            connections: read(&self.connections),
            to_server: read(&self.to_server),
            to_client: read(&self.to_client),
            held: read(&self.held),
            delayed: read(&self.delayed),
            lost: read(&self.lost),
            resets: read(&self.resets),
        }
    }
}

/// Adds to one of them.
pub(super) fn count(of: &AtomicU64, more: u64) {
    of.fetch_add(more, Ordering::Relaxed);
}
