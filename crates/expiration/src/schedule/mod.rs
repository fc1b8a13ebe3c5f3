//! The schedule: timers in one Redis sorted set, and the only code that speaks Redis.
//!
//! A job never leaves the set until its event is stored. Claiming re-scores it in place, so recovery from a crash is
//! the normal poll: a lapsed claim is simply due again. No reaper, no cursor, no second set. What operators pause stands beside
//! it, where the script that claims reads it: no worker can miss it. So does the checkpoint, which is lost with the set and tells
//! that something was.

mod change;
mod checkpoint;
mod claim;
mod connection;
mod earliest_due;
mod forecast;
mod holders;
mod keys;
mod page;
mod pause;
mod rebuild;
mod runs;
mod scripts;
mod server;
mod state;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::clocks::Clocks;
use common::event::Id;
use process::config::CaFile;
use redis::{Pipeline, RedisError, ScriptInvocation, cmd};

pub use checkpoint::{Checkpoint, Standing, UnderWay};
pub use claim::{Claim, ClaimOptions, Claimed};
use connection::Connection;
use earliest_due::EarliestDue;
use keys::Keys;
pub use page::PageQuery;
pub use pause::{LONGEST_PAUSE, PauseAnswer, Waiting};
pub use rebuild::{RebuildBatch, RebuildError, RebuildLease, RebuildStep, Rebuilt};
use scripts::Scripts;
pub use server::ServerFacts;

/// How long a claim keeps other workers away. Longer than a PubAck may take, short enough to wait for after a crash.
pub const LEASE: Duration = Duration::from_secs(10);

/// Redis is away, full, read-only or refuses: nothing is wrong with the orders, so wait and try again.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} in Redis, which must be reachable and not out of memory: {reason}")]
pub struct Unavailable {
    action: &'static str,
    /// Not a source: the client's errors repeat theirs in their own text.
    reason: RedisError,
}

/// An order id and the instant at which its time to pay is over, ms since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The order.
    pub id: Id,
    /// When it is due. For a job taken over from a lapsed claim: when that claim was made, which may
    /// have been up to 20 ms before it was due.
    pub due_ms: i64,
}

/// The head of the schedule, for metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Head {
    /// Jobs in the set, due or not, claimed or not.
    pub jobs: u64,
    /// The earliest instant at which a job is or was due, ms since the epoch.
    pub due_ms: Option<i64>,
}

/// The schedule of one cluster. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Schedule {
    connection: Arc<Connection>,
    keys: Keys,
    worker: Arc<str>,
    scripts: Arc<Scripts>,
    earliest_due: Arc<EarliestDue>,
    lease: Duration,
    clocks: Clocks,
    refusal: Arc<Mutex<Option<String>>>,
}

impl Schedule {
    /// Connects at the first use. `cluster` is `NATS_CLUSTER_ID`.
    ///
    /// # Errors
    /// When `url` is not a Redis URL.
    pub fn new(url: &str, cluster: &str) -> Result<Self, Unavailable> {
        Self::trusting(url, None, cluster)
    }

    /// The same, where `ca` holds the certificates to trust instead of the system's authorities.
    ///
    /// # Errors
    /// As [`new`](Self::new), and when there is a `ca` and `url` is not one with TLS.
    pub fn trusting(url: &str, ca: Option<&CaFile>, cluster: &str) -> Result<Self, Unavailable> {
        let connection = Connection::new(url, ca).map_err(unavailable("read the URL of the schedule"))?;
        Ok(Self {
            connection: Arc::new(connection),
            keys: Keys::new(cluster),
            worker: "unnamed".into(),
            scripts: Arc::default(),
            earliest_due: Arc::default(),
            lease: LEASE,
            clocks: Clocks::default(),
            refusal: Arc::default(),
        })
    }

    /// The same schedule in the hands of the worker with this name, its `NATS_CLIENT_ID`: claims are made in it.
    #[must_use]
    pub fn for_worker(mut self, name: &str) -> Self {
        self.worker = name.into();
        self
    }

    /// In whose name claims are made.
    pub fn worker(&self) -> &str {
        &self.worker
    }

    /// The same schedule with another lease, for tests that would not wait for a claim to lapse.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Why the last claim failed, if it did: a server that answers questions may still refuse to change anything.
    pub fn refusal(&self) -> Option<String> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_refusal(&self, refusal: Option<String>) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
    }

    /// What is known of the clocks; each claim tells Redis'.
    pub fn clocks(&self) -> &Clocks {
        &self.clocks
    }

    /// Adds timers; one that is there, or in a worker's hands, stays as it is. Returns how many are new.
    ///
    /// # Errors
    /// When Redis did not confirm. Scheduling again is harmless.
    pub async fn schedule(&self, jobs: &[Job]) -> Result<u64, Unavailable> {
        if jobs.is_empty() {
            return Ok(0);
        }
        let mut add = cmd("ZADD");
        add.arg(&self.keys.due).arg("NX");
        for job in jobs {
            add.arg(job.due_ms).arg(job.id.as_str());
        }
        let new = self.run(add, "schedule orders").await?;
        if let Some(earliest) = jobs.iter().map(|job| job.due_ms).min() {
            self.earliest_due.add(earliest);
        }
        Ok(new)
    }

    /// Removes every job of a claim: all their events are stored. A claim that lapsed removes nothing that another
    /// worker holds.
    ///
    /// # Errors
    /// When Redis did not confirm. Completing again is harmless; not completed, the jobs fire again after the lease.
    pub async fn complete(&self, claim: &Claim) -> Result<u64, Unavailable> {
        if !claim.is_whole() {
            // The range would take what is not ours as well.
            return self.complete_some(claim, &claim.jobs.iter().collect::<Vec<_>>()).await;
        }
        let mut remove = cmd("ZREMRANGEBYSCORE");
        // Nobody else can hold this score.
        remove.arg(&self.keys.due).arg(claim.score()).arg(claim.score());
        self.run(remove, "complete orders").await
    }

    /// Removes those jobs of a claim whose events are stored.
    ///
    /// # Errors
    /// As [`complete`](Self::complete).
    pub async fn complete_some(&self, claim: &Claim, stored: &[&Job]) -> Result<u64, Unavailable> {
        if stored.is_empty() {
            return Ok(0);
        }
        let mut call = self.scripts.complete.key(&self.keys.due);
        call.arg(claim.score());
        for job in stored {
            call.arg(job.id.as_str());
        }
        self.invoke(&call, "complete orders").await
    }

    /// Gives jobs of a claim back, due at their own time again.
    ///
    /// # Errors
    /// When Redis did not confirm. Releasing again is harmless; not released, they are due again after the lease.
    pub async fn release(&self, claim: &Claim, jobs: &[&Job]) -> Result<u64, Unavailable> {
        if jobs.is_empty() {
            return Ok(0);
        }
        let mut call = self.scripts.release.key(&self.keys.due);
        call.arg(claim.score());
        for job in jobs {
            call.arg(job.id.as_str()).arg(job.due_ms);
        }
        self.invoke(&call, "release orders").await
    }

    /// Removes timers, claimed or not. Returns how many were there.
    ///
    /// # Errors
    /// When Redis did not confirm. Unscheduling again is harmless.
    pub async fn unschedule(&self, ids: &[&Id]) -> Result<u64, Unavailable> {
        if ids.is_empty() {
            return Ok(0);
        }
        let mut remove = cmd("ZREM");
        remove.arg(&self.keys.due);
        for id in ids {
            remove.arg(id.as_str());
        }
        self.run(remove, "unschedule orders").await
    }

    /// The size of the schedule and its earliest due time.
    ///
    /// # Errors
    /// When Redis gave no answer.
    pub async fn head(&self) -> Result<Head, Unavailable> {
        let due = &self.keys.due;
        let mut both = redis::pipe();
        both.cmd("ZCARD").arg(due).cmd("ZRANGE").arg(due).arg(0).arg(0).arg("WITHSCORES");
        let (jobs, first): (u64, Vec<(String, f64)>) = self.all(&both, "look at the schedule").await?;
        let due_ms = first.first().map(|(_, score)| self.due_ms(*score));
        self.earliest_due.set(due_ms);
        Ok(Head { jobs, due_ms })
    }

    /// The earliest due time that this process knew of when it last spoke to Redis, ms since the epoch.
    pub fn earliest_known_ms(&self) -> Option<i64> {
        self.earliest_due.earliest_ms()
    }

    async fn invoke<T: redis::FromRedisValue>(
        &self,
        call: &ScriptInvocation<'_>,
        action: &'static str,
    ) -> Result<T, Unavailable> {
        self.connection
            .run(|mut redis| async move { call.invoke_async(&mut redis).await })
            .await
            .map_err(unavailable(action))
    }

    /// Runs commands one after the other: they share the way there and back, and nothing else.
    async fn all<T: redis::FromRedisValue>(
        &self,
        commands: &Pipeline,
        action: &'static str,
    ) -> Result<T, Unavailable> {
        self.connection
            .run(|mut redis| async move { commands.query_async(&mut redis).await })
            .await
            .map_err(unavailable(action))
    }

    async fn run<T: redis::FromRedisValue>(
        &self,
        command: redis::Cmd,
        action: &'static str,
    ) -> Result<T, Unavailable> {
        self.connection
            .run(|mut redis| async move { command.query_async(&mut redis).await })
            .await
            .map_err(unavailable(action))
    }
}

fn unavailable(action: &'static str) -> impl FnOnce(RedisError) -> Unavailable {
    move |reason| Unavailable { action, reason }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
