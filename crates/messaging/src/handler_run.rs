//! Gets an outcome for every event of a batch out of a handler, whatever the handler does.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::handler::{BatchError, Delivery, Handler, Outcome};
use process::health::Heartbeat;

const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

/// The process drains before the dependency came back: the messages go back to the broker.
#[derive(Debug)]
pub(super) struct Drained;

/// One consumer's way of calling its handler.
#[derive(Debug)]
pub(super) struct HandlerRun<'a, H> {
    pub(super) consumer: &'a str,
    pub(super) handler: &'a H,
    pub(super) stop: &'a CancellationToken,
    pub(super) heartbeat: &'a Heartbeat,
}

/// The result of one call.
enum Called {
    Outcomes(Vec<Outcome>),
    Unavailable(anyhow::Error),
    Failed(String),
}

impl<H: Handler> HandlerRun<'_, H> {
    /// One outcome for each delivery. A panic or an error of the whole batch re-runs it one event at a time, so
    /// that only the guilty one is refused.
    pub(super) async fn outcomes(&self, batch: &[Delivery<H::Event>]) -> Result<Vec<Outcome>, Drained> {
        let failure = match self.until_available(batch).await? {
            Ok(outcomes) => return Ok(outcomes),
            Err(failure) => failure,
        };
        if batch.len() == 1 {
            error!(
                consumer = self.consumer,
                sequence = batch[0].sequence,
                "handler of {} failed: {failure}",
                self.consumer
            );
            return Ok(vec![Outcome::retry(failure)]);
        }
        warn!(
            consumer = self.consumer,
            "handler of {} failed on a batch of {}, which is run again one by one: {failure}",
            self.consumer,
            batch.len()
        );
        let mut outcomes = Vec::with_capacity(batch.len());
        for delivery in batch {
            outcomes.extend(Box::pin(self.outcomes(std::slice::from_ref(delivery))).await?);
        }
        Ok(outcomes)
    }

    /// Repeats the call for as long as a dependency is away.
    async fn until_available(
        &self,
        batch: &[Delivery<H::Event>],
    ) -> Result<Result<Vec<Outcome>, String>, Drained> {
        let mut backoff = FIRST_BACKOFF;
        let mut away = false;
        loop {
            let called = self.call(batch).await;
            self.heartbeat.beat();
            let reason = match called {
                Called::Unavailable(reason) => reason,
                Called::Outcomes(outcomes) => {
                    if away {
                        info!(consumer = self.consumer, "{} goes on", self.consumer);
                    }
                    return Ok(Ok(outcomes));
                }
                Called::Failed(failure) => return Ok(Err(failure)),
            };
            if !away {
                warn!(consumer = self.consumer, "{} waits for a dependency: {reason:#}", self.consumer);
                away = true;
            }
            tokio::select! {
                () = self.stop.cancelled() => return Err(Drained),
                () = tokio::time::sleep(backoff) => backoff = (backoff * 2).min(LONGEST_BACKOFF),
            }
        }
    }

    async fn call(&self, batch: &[Delivery<H::Event>]) -> Called {
        match AssertUnwindSafe(self.handler.handle(batch)).catch_unwind().await {
            Ok(Ok(outcomes)) if outcomes.len() == batch.len() => Called::Outcomes(outcomes),
            Ok(Ok(outcomes)) => {
                Called::Failed(format!("it answered {} outcomes for {} events", outcomes.len(), batch.len()))
            }
            Ok(Err(BatchError::Unavailable(reason))) => Called::Unavailable(reason),
            Ok(Err(BatchError::Failed(reason))) => Called::Failed(format!("{reason:#}")),
            Err(panic) => Called::Failed(format!("it panicked: {}", panic_text(panic.as_ref()))),
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a text")
}
