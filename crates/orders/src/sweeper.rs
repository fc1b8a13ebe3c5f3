//! The second timer: it catches what the first one lost.
//!
//! In health it finds nothing. With it, the schedule in Redis may be wiped and no order outlives its time by more
//! than the grace and one interval (I9).

use std::time::Duration;

use anyhow::Context as _;
use common::{clock, event::Timestamp};
use metrics::{counter, gauge};
use process::health::{Heartbeat, Remark};
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
/// alone what a payment may be on its way for; with the broker away, that is whatever expired since. While an operator holds it, it
/// leaves everything alone.
#[derive(Debug)]
pub struct Sweeper {
    store: Store,
    watermarks: Watermarks,
    remark: Option<Remark>,
}

impl Sweeper {
    /// A sweeper of the orders in `store`.
    pub fn new(store: Store, watermarks: Watermarks) -> Self {
        // So that the series is there, at 0, before the first catch.
        counter!("orders_swept_total").increment(0);
        gauge!("orders_sweeper_held_seconds").set(0.0);
        Self { store, watermarks, remark: None }
    }

    /// A sweeper that says here while it is held.
    #[must_use]
    pub fn with_remark(self, remark: Remark) -> Self {
        Self { remark: Some(remark), ..self }
    }

    /// One sweep: cancels every order that is overdue by more than [`GRACE`], and says how many that were.
    ///
    /// # Errors
    /// When Postgres is away. What was cancelled by then stays so.
    pub async fn run_once(&self) -> anyhow::Result<usize> {
        if self.is_held().await? {
            return Ok(0);
        }
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

    /// Whether overdue orders are left alone, because their timers are paused on purpose. In a statement of its own, so that the
    /// other one needs to know nothing of it.
    async fn is_held(&self) -> anyhow::Result<bool> {
        let until = self.store.sweeper_hold().await.context("ask whether the sweeper is held")?;
        let left = until.map_or(0.0, |until| (until - clock::now()).as_seconds_f64().max(0.0));
        gauge!("orders_sweeper_held_seconds").set(left);
        if let Some(remark) = &self.remark {
            match until {
                Some(until) => remark.set(format!("is held until {}", Timestamp::from(until))),
                None => remark.clear(),
            }
        }
        Ok(until.is_some())
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
