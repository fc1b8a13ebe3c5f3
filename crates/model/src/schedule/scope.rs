//! How much of the world one check takes in.

use super::stream::Fact;

/// The orders, and what may go wrong.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// What may be told; of one order in this sequence. At most four.
    pub facts: &'static [Fact],
    /// Orders from this one on are foreign: no row of ours knows them, and nobody tells of them again.
    pub foreign_from: u8,
    /// How far each worker's clock is ahead of the true time.
    pub clocks: [i8; 2],
    /// How far Redis' clock is ahead of the true time.
    pub redis_clock: i8,
    /// Whether a worker may be killed, stand still or miss a PubAck while it fires, any number of times. If not, claiming,
    /// publishing and completing are one step.
    pub frail_relay: bool,
    /// Whether a worker may be killed or stand still while it rebuilds, any number of times.
    pub frail_rebuild: bool,
    /// Whether a message may be delivered again, any number of times.
    pub redelivers: bool,
    /// Whether the checkpoint is advanced in health.
    pub advances: bool,
    /// Whether Redis may lose its newest writes or all of them.
    pub redis_loses: bool,
    /// Whether the orders' stream may lose its newest message or all of them.
    pub stream_loses: bool,
    /// How many losses there are.
    pub losses: u8,
}

impl Scope {
    /// The facts with their bits.
    pub(crate) fn facts(&self) -> impl Iterator<Item = (u8, Fact)> + use<> {
        self.facts.iter().enumerate().map(|(index, fact)| (1 << index, *fact))
    }

    /// The orders that something may be told of.
    pub(crate) fn orders(&self) -> impl Iterator<Item = u8> + use<> {
        let count = self.facts.iter().map(|fact| fact.order + 1).max().unwrap_or(0);
        0..count
    }

    /// The bit of a fact, 0 if it is not in the scope.
    pub(crate) fn bit(&self, fact: Fact) -> u8 {
        self.facts().find(|(_, other)| *other == fact).map_or(0, |(bit, _)| bit)
    }
}
