//! Forgets events of the provider that can't come again.

use std::time::Duration;

use anyhow::Context as _;
use process::{Process, health::Heartbeat};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::store::Store;

/// Stripe tries to deliver an event for three days; by hand it can be sent again for some weeks, and then it changes nothing.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Events that one statement forgets.
pub const BATCH: i64 = 10_000;
const INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Above one interval and the statements in it.
const LONGEST_SILENCE: Duration = Duration::from_secs(20 * 60);

/// Forgets old events. Several may do so at once.
#[derive(Debug)]
pub struct Pruner(Store);

impl Pruner {
    /// A pruner of the events in `store`.
    pub fn new(store: Store) -> Self {
        Self(store)
    }

    /// Forgets every event that is older than [`KEPT`], and says how many those were.
    ///
    /// # Errors
    /// When Postgres is away. What was removed by then stays so.
    pub async fn run_once(&self) -> anyhow::Result<u64> {
        let mut removed = 0;
        loop {
            let batch = self.0.forget_events(KEPT, BATCH).await.context("forget old events")?;
            removed += batch;
            if batch < BATCH as u64 {
                return Ok(removed);
            }
        }
    }

    /// Runs until the drain. Called by `main`.
    pub fn spawn(self, process: &Process) {
        let heartbeat = process.health().register_loop("pruner", LONGEST_SILENCE);
        let stop = process.stopping();
        process.spawn("pruner", async move {
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
                    Ok(removed) => info!(removed, "forgot {removed} old events"),
                    Err(error) => warn!("the old events wait: {error:#}"),
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        stop.run_until_cancelled(work).await;
    }
}
