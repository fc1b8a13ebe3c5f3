//! Removes attempts that count no more.

use std::time::Duration;

use anyhow::Context as _;
use process::health::Heartbeat;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::store::Store;

/// Time between two rounds when there is little to remove.
pub const INTERVAL: Duration = Duration::from_secs(30);
/// Rows that one statement removes.
pub const BATCH: usize = 1_000;

/// Removes attempts that count no more. Several may prune at once.
#[derive(Debug)]
pub struct Pruner(Store);

impl Pruner {
    /// A pruner of the attempts in `store`.
    pub fn new(store: Store) -> Self {
        Self(store)
    }

    /// Removes one batch, and says how many rows that were.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn run_once(&self) -> anyhow::Result<usize> {
        self.0.prune(BATCH).await.context("remove old attempts")
    }

    /// Prunes until `stop`, whatever fails.
    pub async fn run(self, heartbeat: Heartbeat, stop: CancellationToken) {
        let mut failing = false;
        while !stop.is_cancelled() {
            heartbeat.beat();
            let pruned = tokio::select! {
                () = stop.cancelled() => return,
                pruned = self.run_once() => pruned,
            };
            match pruned {
                Ok(BATCH..) => continue,
                Ok(_) => failing = false,
                Err(error) if !failing => {
                    failing = true;
                    warn!("the pruner waits: {error:#}");
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }
}
