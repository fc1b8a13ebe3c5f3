//! One claim on its way out.

use std::time::{Duration, Instant};

use common::{
    clock,
    event::{Event, ExpirationComplete, Id},
    messaging::{Outgoing, Publisher},
};
use metrics::{counter, histogram};
use tracing::{debug, warn};

use super::{
    FIRST_BACKOFF, LONGEST_BACKOFF,
    held::{Held, Hold},
};
use crate::schedule::{Claim, Job, LEASE, Schedule, Unavailable};

/// A claim, held until its jobs are completed or released.
#[derive(Debug)]
pub(super) struct Batch {
    claim: Claim,
    claimed_at: Instant,
    _hold: Hold,
}

impl Batch {
    pub(super) fn new(claim: Claim, held: &Held) -> Self {
        let oldest = claim.jobs.iter().map(|job| job.due_ms).min().unwrap_or_default();
        Self { claimed_at: Instant::now(), _hold: held.hold(oldest), claim }
    }

    /// Publishes, awaits every PubAck, completes what is stored and releases the rest. Answers whether all of it was
    /// stored.
    pub(super) async fn fire(self, schedule: &Schedule, publisher: &Publisher) -> bool {
        let messages: Vec<Outgoing> = self.claim.jobs.iter().map(|job| message(&job.id)).collect();
        let answers = publisher.publish(&messages).await;
        let (mut stored, mut unknown) = (Vec::new(), Vec::new());
        for (job, answer) in self.claim.jobs.iter().zip(answers) {
            match answer {
                Ok(()) => stored.push(job),
                Err(error) => {
                    debug!("{:#}", anyhow::Error::new(error));
                    unknown.push(job);
                }
            }
        }
        record(&stored);
        self.settle(schedule, &stored, &unknown).await;
        unknown.is_empty()
    }

    /// Tells Redis, again and again while the claim is this worker's; after that it lapses, and the same ids are
    /// published again.
    async fn settle(&self, schedule: &Schedule, stored: &[&Job], unknown: &[&Job]) {
        let mut backoff = FIRST_BACKOFF;
        while let Err(error) = self.try_settle(schedule, stored, unknown).await {
            if self.claimed_at.elapsed() + backoff >= LEASE {
                warn!(
                    "could not settle a claim of {}, which lapses: {:#}",
                    self.claim.jobs.len(),
                    anyhow::Error::new(error)
                );
                return;
            }
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
        }
    }

    async fn try_settle(
        &self,
        schedule: &Schedule,
        stored: &[&Job],
        unknown: &[&Job],
    ) -> Result<(), Unavailable> {
        if unknown.is_empty() {
            schedule.complete(&self.claim).await?;
        } else {
            schedule.complete_some(&self.claim, stored).await?;
            schedule.release(&self.claim, unknown).await?;
        }
        Ok(())
    }
}

fn message(order_id: &Id) -> Outgoing {
    let event = ExpirationComplete { order_id: order_id.clone() };
    // Every character of an id stands for itself in JSON.
    let payload = format!(r#"{{"orderId":"{order_id}"}}"#);
    Outgoing {
        subject: ExpirationComplete::SUBJECT,
        message_id: event.message_id(),
        traceparent: None,
        payload: payload.into(),
    }
}

fn record(stored: &[&Job]) {
    let now = clock::now_ms();
    counter!("expiration_fired_total").increment(stored.len() as u64);
    let lateness = histogram!("expiration_lateness_seconds");
    for job in stored {
        let late_ms = u64::try_from(now - job.due_ms).unwrap_or_default();
        lateness.record(Duration::from_millis(late_ms).as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_what_the_contract_says() {
        let id = Id::generate();
        let contract = serde_json::to_vec(&ExpirationComplete { order_id: id.clone() }).unwrap();
        assert_eq!(message(&id).payload, contract);
    }
}
