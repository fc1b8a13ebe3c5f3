//! The state of the network that a relay imitates.

use std::time::Duration;

/// A direction in which nothing comes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Requests do not arrive.
    ToServer,
    /// Answers do not arrive.
    ToClient,
    /// Neither does.
    Both,
}

/// Which way a piece of data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    ToServer,
    ToClient,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Loss {
    pub(super) one_in: u32,
    pub(super) seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) upstream: u16,
    pub(super) cut_to_server: bool,
    pub(super) cut_to_client: bool,
    pub(super) latency: Duration,
    pub(super) bytes_per_second: Option<u64>,
    pub(super) loss: Option<Loss>,
    pub(super) refuses: bool,
    /// How often all connections were reset: one that sees it change has to go.
    pub(super) resets: u64,
}

impl Condition {
    pub(super) fn good(upstream: u16) -> Self {
        Self {
            upstream,
            cut_to_server: false,
            cut_to_client: false,
            latency: Duration::ZERO,
            bytes_per_second: None,
            loss: None,
            refuses: false,
            resets: 0,
        }
    }

    pub(super) fn healed(self) -> Self {
        Self { resets: self.resets, ..Self::good(self.upstream) }
    }

    /// Besides what is cut already.
    pub(super) fn cut(&mut self, cut: Cut) {
        self.cut_to_server |= cut != Cut::ToClient;
        self.cut_to_client |= cut != Cut::ToServer;
    }

    pub(super) fn is_clear(&self) -> bool {
        !self.cut_to_server && !self.cut_to_client
    }

    pub(super) fn passes(&self, direction: Direction) -> bool {
        match direction {
            Direction::ToServer => !self.cut_to_server,
            Direction::ToClient => !self.cut_to_client,
        }
    }
}
