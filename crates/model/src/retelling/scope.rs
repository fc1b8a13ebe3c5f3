//! How much of the world one check takes in.

/// How long it goes on, and what may go wrong.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// How often an order changes: the first is created and cancelled, and then the second.
    pub changes: u8,
    /// One or two.
    pub relays: u8,
    /// How far Postgres' clock goes.
    pub end: u8,
    /// How often the stream may lose its newest messages or all of them.
    pub losses: u8,
    /// How many relays may be killed, PubAcks missed, and events published by a relay that has not noticed a loss: each may
    /// store an event once more.
    pub mishaps: u8,
    /// How many events a foreign service may tell.
    pub foreign: u8,
}
