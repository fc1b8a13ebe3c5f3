//! The way out of the outbox.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use common::event::Subject;
use futures_util::FutureExt as _;
use messaging::{Broker, Outgoing, Place, PublishError, Publisher, Stored};
use metrics::counter;
use process::{health::Heartbeat, telemetry::begin_at_zero};
use sqlx::PgConnection;
use tracing::{debug, info, warn};

use postgres::{Database, within};

use crate::{
    Check, Retelling, Wake, depth,
    floor::Floor,
    mend::Mender,
    told::{self, Deletion, Memory},
};

/// Rows that one transaction takes, publishes and deletes.
pub const BATCH: usize = 500;
/// Longest time between two looks at the table, for what other replicas left behind.
const POLL: Duration = Duration::from_millis(250);
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);
/// Taking, publishing with its PubAcks, deleting and committing. Above what a publish may wait for its PubAcks.
const PASS_LIMIT: Duration = Duration::from_secs(20);
/// How long the relay may go on after everything else has ended. What is left is safe where it is.
const FLUSH_LIMIT: Duration = Duration::from_secs(5);
const MEASURE_INTERVAL: Duration = Duration::from_secs(5);

/// Publishes what the outbox holds. Any number of them, in one process or several, share the work.
#[derive(Debug)]
pub struct Relay {
    database: Database,
    broker: Broker,
    publisher: Publisher,
    wake: Wake,
    floor: Floor,
    memory: Memory,
    /// Rung when the stream misses something.
    suspicion: Wake,
}

/// The result of one pass over the outbox.
#[derive(Debug)]
pub struct Pass {
    /// Rows taken, at most [`BATCH`].
    pub taken: usize,
    /// How many of them the broker has stored, and are deleted.
    pub stored: usize,
    /// How many of them the broker refuses, and are set aside until later.
    pub set_aside: usize,
    /// Why the first of the others is not known to be stored.
    pub failure: Option<anyhow::Error>,
}

impl Relay {
    /// A relay that looks at the outbox whenever `wake` is rung, and every 250 ms. It publishes as the broker's service.
    pub fn new(database: Database, broker: Broker, wake: Wake) -> Self {
        begin_at_zero("outbox_published_total");
        let (floor, memory, suspicion) = (Floor::of_outbox(), Memory::default(), Wake::default());
        Self { database, publisher: broker.publisher(), broker, wake, floor, memory, suspicion }
    }

    /// The check of this process, which looks at once when this relay misses something.
    pub fn check(&self, retelling: &'static Retelling) -> Check {
        let mender = Mender { database: self.database.clone(), broker: self.broker.clone(), retelling };
        Check::new(mender, self.wake.clone(), self.suspicion.clone())
    }

    /// One transaction: takes up to [`BATCH`] rows that no other relay holds, publishes them, deletes exactly those that
    /// the broker acknowledged, and sets aside those that it refuses while it takes others.
    ///
    /// Before it deletes it looks whether the stream still has what this relay remembers and what it has just published: see
    /// `told.rs`.
    ///
    /// # Errors
    /// When Postgres is away, or the stream has lost what the relay remembers and it is not told again yet. What was published
    /// by then is published again, with the same ids.
    pub async fn run_once(&self) -> anyhow::Result<Pass> {
        let pass = tokio::time::timeout(PASS_LIMIT, Box::pin(self.pass())).await;
        pass.unwrap_or_else(|_elapsed| bail!("it took longer than {PASS_LIMIT:?}"))
            .context("relay the outbox")
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        if self.memory.waits(&self.database, &self.broker).await? {
            self.suspicion.ring();
            return Err(Missing::Remembered.into());
        }
        let mut transaction = self.database.begin().await?;
        let (positions, batch) = take(&mut transaction, self.floor.behind()).await?;
        if batch.is_empty() {
            transaction.rollback().await?;
            return Ok(Pass { taken: 0, stored: 0, set_aside: 0, failure: None });
        }
        let mut sorted = Sorted::of(&positions, self.publisher.publish(&batch).await);
        let newest = match self.verify(&sorted, &batch).await {
            Ok(newest) => newest,
            Err(failure) => {
                transaction.rollback().await?;
                self.note(&failure).await?;
                return Ok(Pass { taken: batch.len(), stored: 0, set_aside: 0, failure: Some(failure) });
            }
        };
        let mut remembered = None;
        if let Some(newest) = newest {
            let deletion = Deletion { positions: &sorted.stored, newest, before: self.memory.row() };
            remembered = deletion.run(&mut transaction).await?;
        }
        let newly_set_aside = set_aside(&mut transaction, &sorted.refused).await?;
        transaction.commit().await?;
        if let Some(remembered) = remembered {
            self.memory.remember(remembered);
        }
        counter!("outbox_published_total").increment(sorted.stored.len() as u64);
        if let (1.., Some(refusal)) = (newly_set_aside, &sorted.refusal) {
            warn!(
                "{newly_set_aside} events were set aside and are tried again after growing pauses; the first: {refusal}"
            );
        }
        Ok(Pass {
            taken: batch.len(),
            stored: sorted.stored.len(),
            set_aside: sorted.refused.len(),
            failure: sorted.failure.take().map(Into::into),
        })
    }

    /// The place of the newest event that this pass has stored, if it has: with what the relay remembers, the stream still has it.
    async fn verify(&self, sorted: &Sorted, batch: &[Outgoing]) -> anyhow::Result<Option<Place>> {
        let Some(Newest { stored: Stored { sequence, .. }, nth }) = sorted.newest else { return Ok(None) };
        let publisher = self.broker.service();
        let remembered = async {
            match self.memory.row() {
                Some(row) => self.broker.still_has(publisher, row.place).await,
                None => Ok(true),
            }
        };
        let published = self.broker.place_of(publisher, sequence, &batch[nth].message_id);
        let (is_there, place) = tokio::try_join!(remembered, published)?;
        match place {
            _ if !is_there => Err(Missing::Remembered.into()),
            Some(place) => Ok(Some(place)),
            None => Err(Missing::Published(sequence).into()),
        }
    }

    /// Has the check look at what is missing.
    async fn note(&self, failure: &anyhow::Error) -> sqlx::Result<()> {
        match failure.downcast_ref() {
            Some(Missing::Remembered) => self.memory.doubt(),
            Some(Missing::Published(sequence)) => told::remember_lost(&self.database, *sequence).await?,
            None => return Ok(()),
        }
        self.suspicion.ring();
        Ok(())
    }

    /// Relays until `stop` is done, whatever fails, and then what was committed last: so `stop` waits for whatever
    /// commits to end. What can't be published by then stays for the next start or another replica.
    pub async fn run(self, heartbeat: Heartbeat, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop.fuse());
        let mut stopped: Option<Instant> = None;
        let mut measured: Option<Instant> = None;
        let mut backoff = Backoff::default();
        loop {
            heartbeat.beat();
            let next = match self.run_once().await.and_then(Pass::into_result) {
                Ok(taken) => backoff.succeeded(taken),
                Err(error) => backoff.failed(&error),
            };
            if stopped.is_some_and(|at| next != Next::AtOnce || at.elapsed() > FLUSH_LIMIT) {
                return;
            }
            if let Err(error) = within(LONGEST_BACKOFF, self.floor.step(&self.database)).await {
                debug!("the outbox is looked at from where it was: {error}");
            }
            if measured.is_none_or(|at| at.elapsed() >= MEASURE_INTERVAL) {
                measured = Some(Instant::now());
                self.measure().await;
            }
            tokio::select! {
                biased;
                () = &mut stop => stopped = Some(Instant::now()),
                () = self.pause(next) => {}
            }
        }
    }

    async fn pause(&self, next: Next) {
        match next {
            Next::AtOnce => {}
            Next::Poll => drop(tokio::time::timeout(POLL, self.wake.rung()).await),
            // Deaf to commits: each would only make the failures come faster.
            Next::Backoff(pause) => tokio::time::sleep(pause).await,
        }
    }

    async fn measure(&self) {
        if let Err(error) = within(LONGEST_BACKOFF, depth::measure(&self.database, self.floor.get())).await {
            debug!("could not measure the outbox: {error}");
        }
    }
}

impl Pass {
    /// The number of rows taken, all of which are stored or set aside; or why some are not.
    fn into_result(self) -> anyhow::Result<usize> {
        match self.failure {
            None => Ok(self.taken),
            Some(failure) => {
                let left = self.taken - self.stored - self.set_aside;
                Err(failure.context(format!("{left} of {} events could not be published", self.taken)))
            }
        }
    }
}

/// What the stream does not have, although the broker has acknowledged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Missing {
    #[error("the broker has lost what it had acknowledged, which is told again before anything else")]
    Remembered,
    #[error("the broker has acknowledged an event as message {0}, and does not have it any more")]
    Published(u64),
}

/// The event of a batch that is the newest in the stream.
#[derive(Clone, Copy, Debug)]
struct Newest {
    stored: Stored,
    /// Its place in the batch.
    nth: usize,
}

/// A batch by what the broker made of it.
#[derive(Debug, Default)]
struct Sorted {
    stored: Vec<i64>,
    /// Of those.
    newest: Option<Newest>,
    refused: Vec<i64>,
    /// Why the first of those was refused.
    refusal: Option<PublishError>,
    /// Why the first of the others is not known to be stored.
    failure: Option<PublishError>,
}

impl Sorted {
    fn of(positions: &[i64], answers: Vec<Result<Stored, PublishError>>) -> Self {
        let takes_others = answers.iter().any(Result::is_ok);
        let mut sorted = Self::default();
        for (nth, (position, answer)) in positions.iter().zip(answers).enumerate() {
            match answer {
                Ok(stored) => {
                    sorted.stored.push(*position);
                    let is_newer = |newest: Newest| stored.sequence > newest.stored.sequence;
                    if sorted.newest.is_none_or(is_newer) {
                        sorted.newest = Some(Newest { stored, nth });
                    }
                }
                // What the broker refuses while it takes others is refused for what it is, and not for how the broker is.
                Err(error) if error.is_final() || takes_others && error.is_refusal() => {
                    sorted.refused.push(*position);
                    sorted.refusal.get_or_insert(error);
                }
                Err(error) => drop(sorted.failure.get_or_insert(error)),
            }
        }
        sorted
    }
}

/// When the relay looks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// There is more.
    AtOnce,
    /// When something is committed, or after [`POLL`].
    Poll,
    /// After a while.
    Backoff(Duration),
}

/// Decides when the relay looks again; the log says once that it fails and once that it goes on.
#[derive(Debug, Default)]
struct Backoff {
    next: Option<Duration>,
}

impl Backoff {
    fn succeeded(&mut self, taken: usize) -> Next {
        if self.next.take().is_some() {
            info!("the outbox is relayed again");
        }
        if taken < BATCH { Next::Poll } else { Next::AtOnce }
    }

    fn failed(&mut self, error: &anyhow::Error) -> Next {
        if self.next.is_none() {
            warn!("the outbox waits: {error:#}");
        }
        let pause = self.next.unwrap_or(FIRST_BACKOFF);
        self.next = Some((pause * 2).min(LONGEST_BACKOFF));
        Next::Backoff(pause)
    }
}

/// Locks up to [`BATCH`] rows behind the floor that no other relay holds. By presence, never by `position > last seen`: a row
/// with a smaller position may be committed later. A subject that only a newer version knows is left to that one.
async fn take(connection: &mut PgConnection, floor: i64) -> sqlx::Result<(Vec<i64>, Vec<Outgoing>)> {
    let known = Subject::ALL.map(Subject::as_str);
    let rows: Vec<(i64, String, String, String, Option<String>)> = sqlx::query_as(
        "select position, id::text, subject, payload, traceparent from outbox
         where position > $3 and subject = any($1) and (retry_at is null or retry_at <= now())
         order by position limit $2 for update skip locked",
    )
    .bind(known)
    .bind(BATCH as i64)
    .bind(floor)
    .fetch_all(connection)
    .await?;
    let mut positions = Vec::with_capacity(rows.len());
    let mut batch = Vec::with_capacity(rows.len());
    for (position, message_id, subject, payload, traceparent) in rows {
        let subject = subject.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        let traceparent = traceparent.and_then(|text| text.parse().ok());
        positions.push(position);
        batch.push(Outgoing { subject, message_id, traceparent, claim: None, payload: Bytes::from(payload) });
    }
    Ok((positions, batch))
}

/// Puts rows that this transaction holds behind all others until later: 5 s, and twice as long after each refusal, up to
/// five minutes. Says how many of them were never set aside before.
async fn set_aside(connection: &mut PgConnection, positions: &[i64]) -> sqlx::Result<i64> {
    if positions.is_empty() {
        return Ok(0);
    }
    sqlx::query_scalar(
        "with set_aside as (
           update outbox
           set position = default, failures = failures + 1,
               retry_at = now() + least(interval '5 minutes', interval '5 seconds' * 2 ^ least(failures, 10))
           where position = any($1)
           returning failures
         )
         select count(*) from set_aside where failures = 1",
    )
    .bind(positions)
    .fetch_one(connection)
    .await
}
