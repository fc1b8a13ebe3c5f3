//! The second timer: it catches what the first one lost.
//!
//! In health it finds nothing. With it, the schedule in Redis may be wiped and no order outlives its time by more
//! than the grace and one interval (I9).

use std::time::Duration;

use anyhow::Context as _;
use metrics::counter;
use process::health::Heartbeat;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{order::Expiry, store::Store, watermark::Watermarks};

/// Time between two sweeps.
pub const INTERVAL: Duration = Duration::from_secs(2);
/// A sweep leaves out what is overdue by less: in health its expiration is on its way.
pub const GRACE: Duration = Duration::from_secs(10);
/// Orders that one statement cancels.
pub const BATCH: usize = 500;

/// Cancels unpaid orders that are overdue although nobody said so. Several may sweep at once. Like the first timer it leaves
/// alone what a payment may be on its way for; with the broker away, that is whatever expired since.
#[derive(Debug)]
pub struct Sweeper {
    store: Store,
    watermarks: Watermarks,
}

impl Sweeper {
    /// A sweeper of the orders in `store`.
    pub fn new(store: Store, watermarks: Watermarks) -> Self {
        // So that the series is there, at 0, before the first catch.
        counter!("orders_swept_total").increment(0);
        Self { store, watermarks }
    }

    /// One sweep: cancels every order that is overdue by more than [`GRACE`], and says how many that were.
    ///
    /// # Errors
    /// When Postgres is away. What was cancelled by then stays so.
    pub async fn run_once(&self) -> anyhow::Result<usize> {
        let mut swept = 0;
        loop {
            let overdue = self.store.overdue(GRACE, BATCH).await.context("look for overdue orders")?;
            let answers = self
                .store
                .expire(&overdue, self.watermarks.current())
                .await
                .context("cancel overdue orders")?;
            let cancelled = answers.values().filter(|answer| **answer == Expiry::Cancels).count();
            counter!("orders_swept_total").increment(cancelled as u64);
            swept += cancelled;
            // A full batch without a catch is someone else's work in progress.
            if overdue.len() < BATCH || cancelled == 0 {
                break;
            }
        }
        if swept > 0 {
            warn!(
                swept,
                "the sweeper cancelled {swept} orders whose expiration never came: is the schedule lost?"
            );
        }
        Ok(swept)
    }

    /// Sweeps until `stop`, whatever fails.
    pub async fn run(self, heartbeat: Heartbeat, stop: CancellationToken) {
        let mut failing = false;
        loop {
            heartbeat.beat();
            let sweep = tokio::select! {
                () = stop.cancelled() => return,
                sweep = self.run_once() => sweep,
            };
            match sweep {
                Ok(_) => failing = false,
                Err(error) if !failing => {
                    failing = true;
                    warn!("the sweeper waits: {error:#}");
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
