//! Each fault that can be made is seen in effect, and seen to end.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod clocks;
mod connections;
mod disks;
mod failovers;
mod nats_cluster;
mod relay;
mod snapshots;

use std::time::Duration;

/// Longer than anything here takes on a loaded machine.
const SOON: Duration = Duration::from_secs(30);
