//! The bell that a commit rings for the relay of the same process.

use std::sync::Arc;

use tokio::sync::Notify;

/// Rings after a commit that put something into the outbox, so that the relay need not wait for its next poll. It
/// carries no data, and a lost ring costs one poll interval. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Wakes the relay, or, when it is busy, has it look once more before it sleeps.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    pub(crate) async fn rung(&self) {
        self.0.notified().await;
    }
}
