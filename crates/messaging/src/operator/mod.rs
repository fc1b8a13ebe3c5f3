//! What `console` does on the broker: it looks at streams and consumers, reads dead letters and takes them back to their
//! consumers, keeps the audit, and finds when an event was stored. Everything here works with its permissions alone.

mod audit_log;
mod dead_letter_box;
mod event_search;
mod letter;
mod look;
mod reader;
mod replayer;
mod stored;

use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;

use super::Broker;

pub use audit_log::{AuditLog, AuditSearch};
pub use dead_letter_box::{DeadLetterBox, LetterState, LetterTail};
pub use event_search::EventSearch;
pub use letter::Letter;
pub use look::{ConsumerLook, StreamLook};
pub use replayer::{Queued, ReplayError, Replayer};

/// Time that a request may take before it counts as unanswered.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// A message as the broker keeps it.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    /// What it was published on.
    pub subject: String,
    /// Its sequence in the stream.
    pub sequence: u64,
    /// When the broker stored it, in ns since the epoch.
    pub stored_ns: i64,
    /// Its headers, each with all of its values.
    pub headers: HeaderMap,
    /// Its body.
    pub payload: Bytes,
    /// How many more there were to read behind it; 0 where it was read alone.
    pub pending: u64,
}

impl Broker {
    /// The dead letters: to read, and to delete once they are dealt with.
    pub fn dead_letters(&self) -> DeadLetterBox {
        DeadLetterBox::new(self.client().clone(), self.provisioner().topology().dead_letter_stream_name())
    }

    /// The way back for dead letters.
    pub fn replayer(&self) -> Replayer {
        Replayer::new(self.client().clone(), self.shared_provisioner())
    }

    /// The audit.
    pub fn audit_log(&self) -> AuditLog {
        AuditLog::new(self.client().clone(), self.shared_provisioner())
    }
}
