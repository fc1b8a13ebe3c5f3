//! Up to when this service has seen the payments, so that no expiry overtakes one (I10).

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

/// By how much the watermark may be behind an order's expiry: what was stored that shortly before it may lose the race. I10
/// promises for a second.
pub const SLACK: Duration = Duration::from_millis(500);

/// Which orders may expire, as far as payments go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watermark {
    /// None: nothing is known yet.
    Unknown,
    /// Those whose time was over by then, or shortly after: [`SLACK`].
    At(DateTime<Utc>),
    /// All: payments are stuck, and seats are not held for them any more.
    Waived,
}

/// The watermark as it stands. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Watermarks(watch::Receiver<Watermark>);

impl Watermarks {
    /// One that never moves, for a process without payments.
    pub fn fixed(watermark: Watermark) -> Self {
        Self(watch::channel(watermark).1)
    }

    /// One that is moved by the sender.
    pub(crate) fn moving() -> (watch::Sender<Watermark>, Self) {
        let (sender, receiver) = watch::channel(Watermark::Unknown);
        (sender, Self(receiver))
    }

    /// The newest one.
    pub fn current(&self) -> Watermark {
        *self.0.borrow()
    }

    /// Waits until it moves, or for `limit`. Answers whether it may move again: in the drain it does not.
    pub async fn moved(&self, limit: Duration) -> bool {
        let mut receiver = self.0.clone();
        receiver.mark_unchanged();
        let moved = tokio::time::timeout(limit, receiver.changed()).await;
        !matches!(moved, Ok(Err(_nobody_samples)))
    }
}
