//! What is done to the items of an operation.

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

type Run = dyn Fn(Vec<String>) -> BoxFuture<'static, anyhow::Result<Vec<ItemOutcome>>> + Send + Sync;

/// Does it, a batch at a time. A batch may be cut off and run again from its beginning, so each item bears being done twice.
pub struct Work {
    pub(super) batch: usize,
    run: Box<Run>,
}

impl Work {
    /// `run` answers an outcome for each item of a batch, in their order; an error is a service that is away, and the batch is
    /// run again.
    pub fn new<F, R>(batch: usize, run: F) -> Self
    where
        F: Fn(Vec<String>) -> R + Send + Sync + 'static,
        R: Future<Output = anyhow::Result<Vec<ItemOutcome>>> + Send + 'static,
    {
        Self { batch: batch.max(1), run: Box::new(move |items| run(items).boxed()) }
    }

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
        f.debug_struct("Work").field("batch", &self.batch).finish_non_exhaustive()
    }
}
