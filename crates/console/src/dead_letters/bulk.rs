//! Acts on many letters: those that were there when they were counted, and no later one.

use std::sync::Arc;

use anyhow::Context as _;
use common::operator::DeadLetterFilter;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use messaging::ReplayError;

use super::{DeadLetters, Letters};
use crate::operations::{ItemOutcome, Work};

/// Letters of one batch.
const BATCH: usize = 1_000;
/// Of these at one time.
const AT_ONCE: usize = 128;

/// The dead letters are still being read, so nobody knows which match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The dead letters are still being read: {read} of {total} so far. Try again in a few seconds.")]
pub struct StillReading {
    /// How many were read.
    pub read: u64,
    /// Of how many.
    pub total: u64,
}

#[derive(Clone, Copy)]
enum What {
    Replay,
    Discard,
}

impl DeadLetters {
    /// Those that match now, and how they are replayed. Called to plan an operation.
    ///
    /// # Errors
    /// Shortly after a start.
    pub fn plan_replay(&self, filter: &DeadLetterFilter) -> Result<(Vec<String>, Work), StillReading> {
        self.plan(filter, What::Replay)
    }

    /// Those that match now, and how they are discarded. Called to plan an operation.
    ///
    /// # Errors
    /// Shortly after a start.
    pub fn plan_discard(&self, filter: &DeadLetterFilter) -> Result<(Vec<String>, Work), StillReading> {
        self.plan(filter, What::Discard)
    }

    fn plan(&self, filter: &DeadLetterFilter, what: What) -> Result<(Vec<String>, Work), StillReading> {
        let (sequences, newest_ms) = {
            let index = self.letters.index();
            if !index.is_caught_up() {
                return Err(StillReading { read: index.len(), total: index.total() });
            }
            index.select(filter)
        };
        let letters = Arc::clone(&self.letters);
        let work = Work::new(BATCH, move |items| {
            let letters = Arc::clone(&letters);
            async move {
                let acts = stream::iter(items).map(|item| letters.act(item, newest_ms, what));
                acts.buffered(AT_ONCE).try_collect().await
            }
        });
        Ok((sequences.iter().map(u64::to_string).collect(), work))
    }
}

impl Letters {
    /// Nothing, where the letter is gone; or where it is a later one, of a stream that was made anew since.
    async fn act(&self, item: String, newest_ms: i64, what: What) -> anyhow::Result<ItemOutcome> {
        let sequence: u64 = item.parse().context("read the sequence of a dead letter")?;
        let Some(letter) = self.get(sequence).await? else { return Ok(ItemOutcome::Skipped) };
        if letter.stored_ns / 1_000_000 > newest_ms {
            return Ok(ItemOutcome::Skipped);
        }
        if let What::Replay = what {
            match self.replayer.replay(&letter, None).await {
                Ok(_) => {}
                Err(ReplayError::Impossible { reason, .. }) => return Ok(ItemOutcome::Failed(reason)),
                Err(unknown) => return Err(unknown.into()),
            }
        }
        self.there.delete(sequence).await?;
        self.index().remove(sequence);
        Ok(ItemOutcome::Done)
    }
}
