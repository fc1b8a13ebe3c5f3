//! Takes away tombstones that no late event can need any more.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use process::Process;

use crate::store::Store;

/// The broker keeps an order's events for 7 days; a person may replay a dead letter some time after that.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Tombstones that one statement removes.
pub const BATCH: i64 = 10_000;

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
        let forget = || self.0.forget_cancelled(KEPT, BATCH);
        postgres::forget_all(BATCH as u64, forget).await.context("remove old tombstones")
    }

    /// Runs until the drain. Called by `main`.
    pub fn spawn(self, process: &Process) {
        let janitor = Arc::new(self);
        postgres::spawn_forgetting(process, "janitor", "tombstones", move || {
            let janitor = Arc::clone(&janitor);
            async move { janitor.run_once().await }
        });
    }
}
