//! What `console` does on the broker: it looks at streams and consumers, reads dead letters and takes them back to their
//! consumers, keeps the audit, and finds when an event was stored. Everything here works with its permissions alone.

mod audit_log;
mod dead_letter_box;
mod event_search;
mod letter;
mod look;
mod reader;
mod replayer;

use super::Broker;

pub use audit_log::{AuditLog, AuditSearch};
pub use dead_letter_box::{DeadLetterBox, LetterState, LetterTail};
pub use event_search::EventSearch;
pub use letter::Letter;
pub use look::{ConsumerLook, StreamLook};
pub use replayer::{Queued, ReplayError, Replayer};

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
