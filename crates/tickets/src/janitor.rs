//! Takes away tombstones that no late event can need any more.

use std::time::Duration;

use anyhow::Context as _;
use process::{Process, health::Heartbeat};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::store::Store;

/// The broker keeps an order's events for 7 days; a person may replay a dead letter some time after that.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Tombstones that one statement removes.
pub const BATCH: i64 = 10_000;
const INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Above one interval and the statements in it.
const LONGEST_SILENCE: Duration = Duration::from_secs(20 * 60);

/// Removes old tombstones. Several may do so at once.
#[derive(Debug)]
pub struct Janitor(Store);

impl Janitor {
    /// A janitor of the tombstones in `store`.
    pub fn new(store: Store) -> Self {
        Self(store)
    }

    /// Removes every tombstone that is older than [`KEPT`], and says how many that were.
    ///
    /// # Errors
    /// When Postgres is away. What was removed by then stays so.
    pub async fn run_once(&self) -> anyhow::Result<u64> {
        let mut removed = 0;
        loop {
            let batch = self.0.forget_cancelled(KEPT, BATCH).await.context("remove old tombstones")?;
            removed += batch;
            if batch < BATCH as u64 {
                return Ok(removed);
            }
        }
    }

    /// Runs until the drain. Called by `main`.
    pub fn spawn(self, process: &Process) {
        let heartbeat = process.health().register_loop("janitor", LONGEST_SILENCE);
        let stop = process.stopping();
        process.spawn("janitor", async move {
            self.run(heartbeat, stop).await;
            Ok(())
        });
    }

    async fn run(self, heartbeat: Heartbeat, stop: CancellationToken) {
        let work = async {
            loop {
                heartbeat.beat();
                match self.run_once().await {
                    Ok(0) => {}
                    Ok(removed) => info!(removed, "removed {removed} old tombstones"),
                    Err(error) => warn!("the tombstones wait: {error:#}"),
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        stop.run_until_cancelled(work).await;
    }
}
