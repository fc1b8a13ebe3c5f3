//! The dead letters: grouped, found, looked at, replayed and discarded.

mod acts;
mod bulk;
mod follow;
mod groups;
mod index;
mod order;
mod reason;
mod view;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::operator::{DeadLetter, DeadLetterFilter, DeadLetterGroups, DeadLetterPage};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use messaging::{Broker, DeadLetterBox, Letter, Replayer};
use tokio_util::sync::CancellationToken;

use crate::audit::Audit;

pub use acts::ActError;
pub use bulk::StillReading;
use index::Index;

/// Letters that are read from the broker at one time.
const READ_AT_ONCE: usize = 64;

/// The dead letters of the platform. An index of them is kept in memory; the letters themselves stay at the broker.
#[derive(Debug)]
pub struct DeadLetters {
    letters: Arc<Letters>,
    audit: Arc<Audit>,
}

/// The letters, and what is known of them.
#[derive(Debug)]
struct Letters {
    there: DeadLetterBox,
    replayer: Replayer,
    index: Mutex<Index>,
}

impl Letters {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One letter; the index forgets one that is gone.
    async fn get(&self, sequence: u64) -> anyhow::Result<Option<Letter>> {
        let letter = self.there.get(sequence).await?;
        if letter.is_none() {
            self.index().remove(sequence);
        }
        Ok(letter)
    }
}

impl DeadLetters {
    /// Begins to read and follow them, until `stop`. Called by `main`.
    pub fn start(broker: &Broker, audit: Arc<Audit>, stop: CancellationToken) -> Arc<Self> {
        let letters = Arc::new(Letters {
            there: broker.dead_letters(),
            replayer: broker.replayer(),
            index: Mutex::default(),
        });
        tokio::spawn(follow::follow(Arc::clone(&letters), stop));
        Arc::new(Self { letters, audit })
    }

    /// How many there are, as far as is known.
    pub fn total(&self) -> u64 {
        self.letters.index().total()
    }

    /// All of them by consumer and reason.
    pub fn groups(&self) -> DeadLetterGroups {
        let index = self.letters.index();
        DeadLetterGroups { total: index.total(), read: index.len(), groups: index.groups() }
    }

    /// A page of those that match, the newest first, from behind the sequence `after`.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn list(
        &self,
        filter: &DeadLetterFilter,
        after: Option<u64>,
        limit: usize,
    ) -> anyhow::Result<DeadLetterPage> {
        let (total, sequences) = self.letters.index().list(filter, after, limit + 1);
        let next = sequences.get(limit).and_then(|_| sequences.get(limit.saturating_sub(1))).copied();
        let reading =
            stream::iter(sequences.into_iter().take(limit)).map(|sequence| self.letters.get(sequence));
        let read: Vec<Option<Letter>> = reading.buffered(READ_AT_ONCE).try_collect().await?;
        let index = self.letters.index();
        let brief = |letter: &Letter| view::brief(letter, index.group_id(letter));
        Ok(DeadLetterPage { total, letters: read.iter().flatten().map(brief).collect(), next })
    }

    /// One letter, whole.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn get(&self, sequence: u64) -> anyhow::Result<Option<DeadLetter>> {
        let letter = self.letters.get(sequence).await?;
        Ok(letter.map(|letter| {
            let group = self.letters.index().group_id(&letter);
            view::whole(&letter, group)
        }))
    }
}
