//! Forgets events of the provider that can't come again.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use process::Process;

use crate::store::Store;

/// Stripe tries to deliver an event for three days; by hand it can be sent again for some weeks, and then it changes nothing.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Events that one statement forgets.
pub const BATCH: i64 = 10_000;

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
        let forget = || self.0.forget_events(KEPT, BATCH);
        postgres::forget_all(BATCH as u64, forget).await.context("forget old events")
    }

    /// Runs until the drain. Called by `main`.
    pub fn spawn(self, process: &Process) {
        let pruner = Arc::new(self);
        postgres::spawn_forgetting(process, "pruner", "events", move || {
            let pruner = Arc::clone(&pruner);
            async move { pruner.run_once().await }
        });
    }
}
