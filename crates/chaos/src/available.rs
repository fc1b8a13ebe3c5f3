//! Which faults this machine can do.

use testkit::{Disk, FakeClock};

use crate::kind::Kind;

/// Why a kind of fault is not possible on this machine; none if it is.
pub(crate) fn missing(kind: Kind) -> Option<String> {
    let available = match kind {
        kind if kind.needs().disk.is_some() => Disk::available(),
        kind if kind.is_of_clocks() => FakeClock::available(),
        _ => Ok(()),
    };
    available.err().map(|error| format!("{error:#}"))
}
