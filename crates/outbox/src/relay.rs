//! The way out of the outbox.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use bytes::Bytes;
use common::event::Subject;
use futures_util::FutureExt as _;
use messaging::{Outgoing, PublishError, Publisher};
use metrics::counter;
use process::{health::Heartbeat, telemetry::begin_at_zero};
use sqlx::PgConnection;
use tracing::{debug, info, warn};

use postgres::{Database, within};

use crate::{Wake, depth, floor::Floor};

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
    publisher: Publisher,
    wake: Wake,
    floor: Floor,
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
    /// A relay that looks at the outbox whenever `wake` is rung, and every 250 ms.
    pub fn new(database: Database, publisher: Publisher, wake: Wake) -> Self {
        begin_at_zero("outbox_published_total");
        Self { database, publisher, wake, floor: Floor::default() }
    }

    /// One transaction: takes up to [`BATCH`] rows that no other relay holds, publishes them, deletes exactly those that
    /// the broker acknowledged, and sets aside those that it refuses while it takes others.
    ///
    /// # Errors
    /// When Postgres is away. What was published by then is published again, with the same ids.
    pub async fn run_once(&self) -> anyhow::Result<Pass> {
        within(PASS_LIMIT, Box::pin(self.pass())).await.context("relay the outbox")
    }

    async fn pass(&self) -> sqlx::Result<Pass> {
        let mut transaction = self.database.begin().await?;
        let (positions, batch) = take(&mut transaction, self.floor.behind()).await?;
        if batch.is_empty() {
            transaction.rollback().await?;
            return Ok(Pass { taken: 0, stored: 0, set_aside: 0, failure: None });
        }
        let sorted = Sorted::of(&positions, self.publisher.publish(&batch).await);
        delete(&mut transaction, &sorted.stored).await?;
        let newly_set_aside = set_aside(&mut transaction, &sorted.refused).await?;
        transaction.commit().await?;
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
            failure: sorted.failure.map(Into::into),
        })
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

/// A batch by what the broker made of it.
#[derive(Debug, Default)]
struct Sorted {
    stored: Vec<i64>,
    refused: Vec<i64>,
    /// Why the first of those was refused.
    refusal: Option<PublishError>,
    /// Why the first of the others is not known to be stored.
    failure: Option<PublishError>,
}

impl Sorted {
    fn of(positions: &[i64], answers: Vec<Result<(), PublishError>>) -> Self {
        let takes_others = answers.iter().any(Result::is_ok);
        let mut sorted = Self::default();
        for (position, answer) in positions.iter().zip(answers) {
            match answer {
                Ok(()) => sorted.stored.push(*position),
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

/// Deletes rows that this transaction holds.
async fn delete(connection: &mut PgConnection, positions: &[i64]) -> sqlx::Result<()> {
    let deleted = sqlx::query("delete from outbox where position = any($1)")
        .bind(positions)
        .execute(connection)
        .await?;
    if deleted.rows_affected() == positions.len() as u64 {
        return Ok(());
    }
    let text = format!("deleted {} of {} locked outbox rows", deleted.rows_affected(), positions.len());
    Err(sqlx::Error::Protocol(text))
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
