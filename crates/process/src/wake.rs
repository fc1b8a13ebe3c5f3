//! The bell by which one part of a process wakes a loop of another.

use std::sync::Arc;

use tokio::sync::Notify;

/// Rings when there is something to do, so that a loop need not wait for its next poll: the relay's after a commit that put
/// something into the outbox. It carries no data, and a lost ring costs one poll interval. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Wakes the loop, or, when it is busy, has it look once more before it sleeps.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Waits for a ring. Called by the loop.
    pub async fn rung(&self) {
        self.0.notified().await;
    }
}
