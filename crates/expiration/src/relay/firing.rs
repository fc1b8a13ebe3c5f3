//! One claim on its way out.

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use common::event::{Event, ExpirationComplete, Id};
use messaging::{ClaimHeader, Outgoing};
use metrics::{Counter, Histogram, counter, histogram};
use process::telemetry::begin_at_zero;
use tracing::{debug, warn};

use super::{
    FIRST_BACKOFF, LONGEST_BACKOFF, Pipeline,
    in_flight::{InFlight, InFlightGuard},
};
use crate::{
    clocks::Clocks,
    schedule::{Claim, Job, LEASE, Schedule, Unavailable},
};

/// A claim, in flight until its jobs are completed or released.
#[derive(Debug)]
pub(super) struct Firing {
    claim: Claim,
    claimed_at: Instant,
    _guard: InFlightGuard,
}

/// What became of the jobs of a claim.
#[derive(Debug, Default)]
struct Published<'a> {
    stored: Vec<&'a Job>,
    /// Not known to be stored.
    unknown: Vec<&'a Job>,
}

impl Firing {
    pub(super) fn new(claim: Claim, in_flight: &InFlight) -> Self {
        let oldest = claim.jobs.iter().map(|job| job.due_ms).min().unwrap_or_default();
        Self { claimed_at: Instant::now(), _guard: in_flight.enter(oldest), claim }
    }

    /// Publishes each job at its instant, awaits every PubAck, completes what is stored and releases the rest.
    /// Answers whether all of it is stored. A drain waits for it too: the few ms until the last instant are less than
    /// another worker would take to find what is given back.
    pub(super) async fn fire(self, pipeline: &Pipeline) -> bool {
        let header = ClaimHeader {
            claimed_at_ms: self.claim.claimed_at_ms(),
            by: pipeline.schedule.worker().to_owned(),
        };
        let header: Arc<str> = header.to_string().into();
        let messages: Vec<Outgoing> = self.claim.jobs.iter().map(|job| message(&job.id, &header)).collect();
        let published = self.publish(&messages, pipeline).await;
        pipeline.figures.record(&published.stored, pipeline.schedule.clocks());
        self.settle(&pipeline.schedule, &published).await;
        published.unknown.is_empty()
    }

    async fn publish(&self, messages: &[Outgoing], pipeline: &Pipeline) -> Published<'_> {
        let mut publishing = pipeline.publisher.begin(messages.len()).await;
        let before = pipeline.acknowledged.last();
        for (instant, group) in self.groups() {
            pipeline.sleeper.until(instant).await;
            publishing.send(&messages[group]).await;
        }
        let mut published = Published::default();
        let answers = publishing.acks().await;
        pipeline.acknowledged.take(before, answers.iter().filter_map(|answer| answer.as_ref().ok().copied()));
        for (job, answer) in self.claim.jobs.iter().zip(answers) {
            match answer {
                Ok(_) => published.stored.push(job),
                Err(error) => {
                    debug!("{error}");
                    published.unknown.push(job);
                }
            }
        }
        published
    }

    /// Jobs that go out together: what is due already, and then one group for each instant.
    fn groups(&self) -> Vec<(Instant, Range<usize>)> {
        let now = Instant::now();
        let mut groups: Vec<(Instant, Range<usize>)> = Vec::new();
        for (index, job) in self.claim.jobs.iter().enumerate() {
            let instant = self.claim.instant_of(job).max(now);
            match groups.last_mut() {
                Some((last, range)) if *last == instant => range.end = index + 1,
                _ => groups.push((instant, index..index + 1)),
            }
        }
        groups
    }

    /// Tells Redis, again and again while the claim is this worker's; after that it lapses, and the same ids are
    /// published again.
    async fn settle(&self, schedule: &Schedule, published: &Published<'_>) {
        let mut backoff = FIRST_BACKOFF;
        while let Err(error) = self.try_settle(schedule, published).await {
            if self.claimed_at.elapsed() + backoff >= LEASE {
                warn!("could not settle a claim of {}, which lapses: {error}", self.claim.jobs.len());
                return;
            }
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
        }
    }

    async fn try_settle(&self, schedule: &Schedule, published: &Published<'_>) -> Result<(), Unavailable> {
        if published.unknown.is_empty() {
            schedule.complete(&self.claim).await?;
        } else {
            schedule.complete_some(&self.claim, &published.stored).await?;
            schedule.release(&self.claim, &published.unknown).await?;
        }
        Ok(())
    }
}

fn message(order_id: &Id, claim: &Arc<str>) -> Outgoing {
    // Every character of an id stands for itself in JSON.
    let payload = format!(r#"{{"orderId":"{order_id}"}}"#);
    Outgoing {
        subject: ExpirationComplete::SUBJECT,
        message_id: ExpirationComplete::message_id_of(order_id),
        traceparent: None,
        claim: Some(Arc::clone(claim)),
        payload: payload.into(),
    }
}

/// What is counted of each job, looked up once.
#[derive(Debug)]
pub(super) struct Figures {
    fired: Counter,
    lateness: Histogram,
}

impl Figures {
    pub(super) fn new() -> Self {
        begin_at_zero("expiration_fired_total");
        Self {
            fired: counter!("expiration_fired_total"),
            lateness: histogram!("expiration_lateness_seconds"),
        }
    }

    fn record(&self, stored: &[&Job], clocks: &Clocks) {
        let now_us = clocks.now_us();
        self.fired.increment(stored.len() as u64);
        for job in stored {
            let late_us =
                u64::try_from(now_us.saturating_sub(job.due_ms.saturating_mul(1_000))).unwrap_or_default();
            self.lateness.record(Duration::from_micros(late_us).as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_what_the_contract_says() {
        let id = Id::generate();
        let contract = serde_json::to_vec(&ExpirationComplete { order_id: id.clone() }).unwrap();
        assert_eq!(message(&id, &"1 a".into()).payload, contract);
    }
}
