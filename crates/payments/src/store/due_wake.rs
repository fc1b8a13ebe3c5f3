//! The bell that rings for the settler of the same process.

use std::sync::Arc;

use tokio::sync::Notify;

/// Rings when something is to be done at once, so that the settler need not wait for its next poll. It carries no data, and
/// a lost ring costs one poll interval. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct DueWake(Arc<Notify>);

impl DueWake {
    /// Wakes the settler, or, when it is busy, has it look once more before it sleeps.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Waits for a ring.
    pub async fn rung(&self) {
        self.0.notified().await;
    }
}
