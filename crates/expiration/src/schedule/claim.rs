//! Claiming: taking jobs in hand without taking them out of the schedule.

use std::time::{Duration, Instant};

use common::{clock, event::Id};
use redis::{RedisError, Value};
use tracing::error;

use super::{Job, Schedule, Unavailable, millis, unavailable};

/// How far one claim reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimOptions {
    /// Most jobs to claim: Redis serves nobody else meanwhile.
    pub limit: usize,
    /// Where more are due than that, how many of them are those that became due last.
    pub fresh: usize,
    /// Jobs that are due within so long are claimed as well; each is to be fired at its [`Claim::instant_of`].
    pub ahead: Duration,
}

/// Jobs that this worker alone may fire until the lease is over.
#[derive(Debug)]
pub struct Claim {
    score: String,
    /// The jobs, the longest due first. Never empty.
    pub jobs: Vec<Job>,
    anchors: Anchors,
    /// Every member that was claimed is one of the jobs.
    whole: bool,
}

/// The result of a look at the schedule.
#[derive(Debug)]
pub struct Claimed {
    /// The jobs, if there were any.
    pub claim: Option<Claim>,
    /// How long until the next one is due, by the same look at the clocks. `None` when nothing is scheduled.
    pub wait: Option<Duration>,
}

/// What both clocks showed, and when at the earliest.
#[derive(Clone, Copy, Debug)]
struct Anchors {
    /// This worker's, read before the question.
    worker: (Instant, i64),
    /// Redis', read at some time before the answer.
    redis: (Instant, i64),
}

impl Claim {
    /// The score that nobody else's jobs have.
    pub(super) fn score(&self) -> &str {
        &self.score
    }

    /// When this worker began to claim, by its own clock, ms since the epoch.
    pub fn claimed_at_ms(&self) -> i64 {
        self.anchors.worker.1 / 1_000
    }

    /// Whether every member that was claimed is one of the jobs; else some were not written by us.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// When a job is due by Redis' clock and by this worker's, whichever is later: never early by either, told by the
    /// monotonic clock since the claim was made. In the past for one that is due already.
    pub fn instant_of(&self, job: &Job) -> Instant {
        let due_us = job.due_ms.saturating_mul(1_000);
        let due_by = |(instant, time_us): (Instant, i64)| {
            let left_us = due_us.saturating_sub(time_us);
            instant + Duration::from_micros(u64::try_from(left_us).unwrap_or_default())
        };
        due_by(self.anchors.worker).max(due_by(self.anchors.redis))
    }
}

impl Schedule {
    /// Claims at most `limit` jobs that are due by both Redis' clock and `now_ms`, the worker's own; the longest due
    /// first.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn claim_due(&self, limit: usize, now_ms: i64) -> Result<Claimed, Unavailable> {
        let options = ClaimOptions { limit, fresh: 0, ahead: Duration::ZERO };
        self.claim_at(options, now_ms.saturating_mul(1_000)).await
    }

    /// Claims what is due by the slower of Redis' clock and this worker's, as far as `options` allow.
    ///
    /// # Errors
    /// When Redis gave no answer. What it may have claimed all the same is due again after the lease.
    pub async fn claim(&self, options: ClaimOptions) -> Result<Claimed, Unavailable> {
        self.claim_at(options, clock::now_us()).await
    }

    /// The same, by any worker's clock.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn claim_at(&self, options: ClaimOptions, worker_us: i64) -> Result<Claimed, Unavailable> {
        let asked_at = Instant::now();
        let mut call = self.scripts.claim.key(&self.keys.due);
        call.key(&self.keys.claims)
            .key(&self.keys.clock)
            .key(&self.keys.pause)
            .key(&self.keys.holders)
            .arg(worker_us)
            .arg(millis(self.lease))
            .arg(options.limit);
        call.arg(millis(options.ahead)).arg(options.fresh).arg(&*self.worker);
        let answer: Vec<Value> = self
            .invoke(&call, "claim due orders")
            .await
            .inspect_err(|error| self.note_refusal(Some(error.to_string())))?;
        self.note_refusal(None);
        self.read_claim(answer, asked_at, worker_us).map_err(unavailable("read a claim"))
    }

    fn read_claim(
        &self,
        answer: Vec<Value>,
        asked_at: Instant,
        worker_us: i64,
    ) -> Result<Claimed, RedisError> {
        let mut values = answer.into_iter();
        let mut next = || values.next().unwrap_or(Value::Nil);
        let score: String = redis::from_redis_value(next())?;
        let redis_us: i64 = redis::from_redis_value(next())?;
        let wait_ms: i64 = redis::from_redis_value(next())?;
        let half_us = i64::try_from(asked_at.elapsed().as_micros() / 2).unwrap_or_default();
        self.clocks.set_redis((redis_us - worker_us - half_us) / 1_000);
        let anchors = Anchors { worker: (asked_at, worker_us), redis: (Instant::now(), redis_us) };
        let mut whole = true;
        let mut jobs = Vec::with_capacity(values.len() / 2);
        while let (Some(id), Some(former)) = (values.next(), values.next()) {
            let (id, former): (String, f64) =
                (redis::from_redis_value(id)?, redis::from_redis_value(former)?);
            match Id::try_from(id) {
                Ok(id) => jobs.push(Job { id, due_ms: self.due_ms(former) }),
                // Not written by us. It stays where it is: nothing is ever dropped.
                Err(error) => {
                    whole = false;
                    error!("the schedule {} holds a member that is no order id: {error}", self.keys.due);
                }
            }
        }
        jobs.sort_by_key(|job| job.due_ms);
        let claim = (!jobs.is_empty()).then_some(Claim { score, jobs, anchors, whole });
        let wait = u64::try_from(wait_ms).ok().map(Duration::from_millis);
        Ok(Claimed { claim, wait })
    }

    /// The due time that a score stands for. Of a claim only the instant at which it was made can be told.
    #[expect(clippy::cast_possible_truncation, reason = "scores are ms since the epoch, 41 bits")]
    pub(super) fn due_ms(&self, score: f64) -> i64 {
        let ms = score.floor() as i64;
        if score.fract() == 0.0 { ms } else { ms.saturating_sub(millis(self.lease)) }
    }
}
