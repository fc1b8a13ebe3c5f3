//! What is done by an operation: to its items, a batch at a time, or to all that it is about in one go.

use std::fmt;

use futures_util::future::{BoxFuture, FutureExt as _};

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// Done.
    Done,
    /// There was nothing to do any more.
    Skipped,
    /// It can't be done, and why.
    Failed(String),
}

type RunBatch = dyn Fn(Vec<String>) -> BoxFuture<'static, anyhow::Result<Vec<ItemOutcome>>> + Send + Sync;
type RunWhole = dyn Fn() -> BoxFuture<'static, anyhow::Result<u64>> + Send + Sync;

/// Does it.
pub struct Work(pub(super) How);

/// How it is done.
pub(super) enum How {
    Batches(Batches),
    Whole { count: u64, run: Box<RunWhole> },
}

/// A batch at a time.
pub(super) struct Batches {
    pub(super) size: usize,
    run: Box<RunBatch>,
}

impl Work {
    /// `run` answers an outcome for each item of a batch, in their order; an error is a service that is away, and the batch is
    /// run again. A batch may be cut off and run again from its beginning, so each item bears being done twice.
    pub fn new<F, R>(batch: usize, run: F) -> Self
    where
        F: Fn(Vec<String>) -> R + Send + Sync + 'static,
        R: Future<Output = anyhow::Result<Vec<ItemOutcome>>> + Send + 'static,
    {
        Self(How::Batches(Batches { size: batch.max(1), run: Box::new(move |items| run(items).boxed()) }))
    }

    /// `run` does all of it and answers to how many it was done, which may be others than the `count` that was planned. It is
    /// run once and never cut off: after half a call nobody would know whether it was done.
    pub fn whole<F, R>(count: u64, run: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = anyhow::Result<u64>> + Send + 'static,
    {
        Self(How::Whole { count, run: Box::new(move || run().boxed()) })
    }

    /// To how many it is about to be done, where these are its items.
    pub(super) fn count(&self, items: &[String]) -> u64 {
        match &self.0 {
            How::Batches(_) => items.len() as u64,
            How::Whole { count, .. } => *count,
        }
    }
}

impl Batches {
    pub(super) async fn run(&self, items: &[String]) -> anyhow::Result<Vec<ItemOutcome>> {
        let outcomes = (self.run)(items.to_vec()).await?;
        anyhow::ensure!(
            outcomes.len() == items.len(),
            "{} outcomes for {} items",
            outcomes.len(),
            items.len()
        );
        Ok(outcomes)
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            How::Batches(batches) => {
                f.debug_struct("Work").field("batch", &batches.size).finish_non_exhaustive()
            }
            How::Whole { count, .. } => f.debug_struct("Work").field("count", count).finish_non_exhaustive(),
        }
    }
}
