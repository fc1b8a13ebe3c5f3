//! Where attempts wait for those in flight to end.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    limit::Subject,
    store::{Reserved, Store},
};

/// How long to wait. Less than a request may take, so that the client still gets an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// An attempt takes about as long.
const PAUSE: Duration = Duration::from_millis(30);
/// So many of those who wait ask at once: the other connections to Postgres are for those who get on.
const ASKING: usize = 2;

/// Lets attempts begin. Clones share one queue.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    store: Store,
    asking: Arc<Semaphore>,
}

impl Queue {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, asking: Arc::new(Semaphore::new(ASKING)) }
    }

    /// An attempt or why there is none: [`Reserved::Busy`] only after [`PATIENCE`], or if the client has `gone`.
    pub(crate) async fn reserve(
        &self,
        subjects: &[Subject],
        gone: &CancellationToken,
    ) -> sqlx::Result<Reserved> {
        let deadline = Instant::now() + PATIENCE;
        let mut reserved = self.store.reserve(subjects).await?;
        while let Reserved::Busy = reserved {
            let Some(_turn) = self.turn(deadline, gone).await else { break };
            // Never cut off: it may have been counted.
            reserved = self.store.reserve(subjects).await?;
        }
        Ok(reserved)
    }

    async fn turn(&self, deadline: Instant, gone: &CancellationToken) -> Option<OwnedSemaphorePermit> {
        let turn = async {
            sleep(PAUSE).await;
            Arc::clone(&self.asking).acquire_owned().await.ok()
        };
        timeout_at(deadline, gone.run_until_cancelled(turn)).await.ok()??
    }
}

#[cfg(test)]
mod tests {
    use postgres::Database;

    use super::*;

    fn queue() -> Queue {
        let nowhere = "postgres://u@127.0.0.1:1/auth".parse().unwrap();
        Queue::new(Store::new(Database::new(nowhere, "auth", 1)))
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_ask_at_once_and_the_others_wait_until_their_patience_ends() {
        let (queue, here, start) = (queue(), CancellationToken::new(), Instant::now());
        let deadline = start + PATIENCE;
        let (one, _two) = (queue.turn(deadline, &here).await, queue.turn(deadline, &here).await);
        assert!(one.is_some() && start.elapsed() < PATIENCE);
        assert!(queue.turn(deadline, &here).await.is_none());
        assert_eq!(start.elapsed(), PATIENCE);
        drop(one);
        assert!(queue.turn(Instant::now() + PATIENCE, &here).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_goes_away_leaves_the_queue_at_once() {
        let (queue, gone, start) = (queue(), CancellationToken::new(), Instant::now());
        gone.cancel();
        assert!(queue.turn(start + PATIENCE, &gone).await.is_none());
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
