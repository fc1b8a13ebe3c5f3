//! What the machine of a server is made to look like.

use std::ffi::OsString;

use crate::{Disk, FakeClock};

/// The disk and the clock of a server or a service, when they are not this machine's.
#[derive(Clone, Debug, Default)]
pub struct Host {
    disk: Option<Disk>,
    clock: Option<FakeClock>,
}

impl Host {
    /// Keeps the data on this disk.
    #[must_use]
    pub fn with_disk(mut self, disk: &Disk) -> Self {
        self.disk = Some(disk.clone());
        self
    }

    /// Takes the time from this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: &FakeClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    /// What its processes need in their environment.
    pub(crate) fn env(&self) -> Vec<(OsString, OsString)> {
        self.clock.as_ref().map(FakeClock::env).unwrap_or_default()
    }

    pub(crate) fn disk(&self) -> Option<&Disk> {
        self.disk.as_ref()
    }

    pub(crate) fn clock(&self) -> Option<&FakeClock> {
        self.clock.as_ref()
    }
}
