//! Moves the watermark: finds out up to when payments are seen.
//!
//! A sample is an instant of Postgres, and then the last payment that the broker has stored: whatever was stored before that
//! instant is at or below it. Once the broker knows all payments up to there as settled, the watermark is that instant.
//! Only Postgres' clock is in it, so skew between the servers does no harm. The order of the two questions is the protocol.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use common::event::Subject;
use messaging::Broker;
use metrics::gauge;
use process::{health::Heartbeat, outage::Outage};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    store::Store,
    watermark::{Watermark, Watermarks},
};

/// Between two samples. Far below [`SLACK`](crate::watermark::SLACK), so that in health no expiry waits.
const INTERVAL: Duration = Duration::from_millis(250);
/// Between two looks at a sample that is not reached yet.
const RECHECK: Duration = Duration::from_millis(20);
/// Time for the other services to tell what they could not while the broker was away: a relay waits 3 s for its PubAcks, pauses
/// for at most 1 s, and looks every 250 ms.
const AFTER_OUTAGE: Duration = Duration::from_secs(5);
/// Between two questions whether what is awaited is still in the stream.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Payments that can't be handled for so long, with every server there, hold no seat any more.
pub const LONGEST_HOLD: Duration = Duration::from_secs(10 * 60);

/// An instant of Postgres, and the last payment stored by then.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: DateTime<Utc>,
    last_stored: u64,
}

/// Moves the watermark. Each process samples for itself.
#[derive(Debug)]
pub struct Sampler {
    broker: Broker,
    store: Store,
    watermark: watch::Sender<Watermark>,
    awaited: Option<Sample>,
    /// When it was last seen that the stream goes that far.
    confirmed: Instant,
    /// Up to where payments were settled at the last look.
    settled: u64,
    /// When the watermark moved last.
    moved: Instant,
    connection: u64,
    /// Nothing is sampled before.
    not_before: Instant,
    /// For how long payments have made no progress although every server answered.
    held: Hold,
    longest_hold: Duration,
    outage: Outage,
}

impl Sampler {
    /// A sampler, and what it moves.
    pub fn new(broker: Broker, store: Store) -> (Self, Watermarks) {
        let (watermark, watermarks) = Watermarks::moving();
        gauge!("orders_expiry_held_seconds").set(0.0);
        gauge!("orders_payments_seen_age_seconds").set(0.0);
        let (connection, now) = (broker.connection_number(), Instant::now());
        let sampler = Self {
            broker,
            store,
            watermark,
            awaited: None,
            confirmed: now,
            settled: 0,
            moved: now,
            connection,
            not_before: now,
            held: Hold::default(),
            longest_hold: LONGEST_HOLD,
            outage: Outage::new(Duration::ZERO),
        };
        (sampler, watermarks)
    }

    /// With another bound than [`LONGEST_HOLD`].
    #[must_use]
    pub fn with_longest_hold(self, longest_hold: Duration) -> Self {
        Self { longest_hold, ..self }
    }

    /// Samples until `stop`, whatever fails.
    pub async fn run(mut self, heartbeat: Heartbeat, stop: CancellationToken) {
        loop {
            heartbeat.beat();
            let step = tokio::select! {
                () = stop.cancelled() => return,
                step = self.step() => step,
            };
            let pause = match step {
                Ok(pause) => {
                    self.outage.succeeded();
                    pause
                }
                Err(error) => {
                    self.fail(&error);
                    INTERVAL
                }
            };
            gauge!("orders_payments_seen_age_seconds").set(self.moved.elapsed().as_secs_f64());
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    fn fail(&mut self, error: &anyhow::Error) {
        // An outage is no hold: what waits then waits for the servers.
        self.held.interrupt();
        if error.downcast_ref::<sqlx::Error>().is_none() {
            (self.not_before, self.awaited) = (Instant::now() + AFTER_OUTAGE, None);
        }
        if let Some(count) = self.outage.failed() {
            warn!(count, "expiry waits, because it is not known which payments came: {error:#}");
        }
    }

    /// One look: takes a sample if none is awaited, and moves the watermark if it is reached. Answers when to look again.
    ///
    /// # Errors
    /// When the broker or Postgres is away.
    async fn step(&mut self) -> anyhow::Result<Duration> {
        let connection = self.broker.connection_number();
        if connection != self.connection {
            // Not after the first one: what this process missed before, others have told.
            if self.connection != 0 {
                self.not_before = Instant::now() + AFTER_OUTAGE;
            }
            (self.connection, self.awaited) = (connection, None);
        }
        let sample = match self.awaited {
            Some(sample) => sample,
            None => self.sample().await?,
        };
        let settled = self.broker.settled_up_to(Subject::PaymentCreated).await?;
        if self.broker.connection_number() != connection {
            return Ok(RECHECK);
        }
        if settled < sample.last_stored {
            self.awaited = Some(sample);
            self.hold(settled);
            return self.confirm(sample).await;
        }
        self.awaited = None;
        if Instant::now() < self.not_before {
            return Ok(RECHECK);
        }
        if self.held.end() >= self.longest_hold {
            info!("payments make progress again: no order expires before those that came in time are seen");
        }
        gauge!("orders_expiry_held_seconds").set(0.0);
        self.moved = Instant::now();
        self.watermark.send_replace(Watermark::At(sample.at));
        Ok(INTERVAL)
    }

    /// What is awaited never comes if the stream was put back to an earlier state: then another sample is taken.
    async fn confirm(&mut self, sample: Sample) -> anyhow::Result<Duration> {
        if self.confirmed.elapsed() >= LOOK_AGAIN {
            self.confirmed = Instant::now();
            if self.broker.last_stored(Subject::PaymentCreated).await? < sample.last_stored {
                self.awaited = None;
            }
        }
        Ok(RECHECK)
    }

    async fn sample(&self) -> anyhow::Result<Sample> {
        let at = self.store.now().await.context("ask Postgres for the time")?;
        let last_stored = self.broker.last_stored(Subject::PaymentCreated).await?;
        Ok(Sample { at, last_stored })
    }

    fn hold(&mut self, settled: u64) {
        if settled > std::mem::replace(&mut self.settled, settled) {
            self.held.end();
        }
        let held = self.held.go_on();
        gauge!("orders_expiry_held_seconds").set(held.as_secs_f64());
        if held >= self.longest_hold && self.watermark.send_replace(Watermark::Waived) != Watermark::Waived {
            error!(
                "payments have made no progress for {} s: orders expire without waiting for them. See what the consumer \
                 orders-payment-created is doing",
                held.as_secs()
            );
        }
    }
}

/// How long something has gone on without a break.
#[derive(Debug, Default)]
struct Hold {
    total: Duration,
    last: Option<Instant>,
}

impl Hold {
    fn go_on(&mut self) -> Duration {
        let now = Instant::now();
        if let Some(last) = self.last.replace(now) {
            self.total += now - last;
        }
        self.total
    }

    /// The time until it goes on does not count.
    fn interrupt(&mut self) {
        self.last = None;
    }

    /// Begins anew, and answers how long it went on.
    fn end(&mut self) -> Duration {
        std::mem::take(self).total
    }
}
