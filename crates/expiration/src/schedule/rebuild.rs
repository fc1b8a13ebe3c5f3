//! What a rebuild does to the schedule, each step a script: take the lease, apply and move the checkpoint, give up.
//!
//! Each step is refused when the lease is over or another's, when Redis is in another run than the one in which the rebuild
//! began, or when the checkpoint is not the one that it goes on from. Then it is given up; whoever finds no checkpoint that
//! holds begins again.

use common::event::Id;
use messaging::Place;
use redis::{FromRedisValue, ParsingError, Value};

use super::{
    Job, Schedule, Unavailable,
    checkpoint::{Checkpoint, Fields, REBUILD_LEASE, fields, text},
    millis,
};

/// The right to rebuild, and what the rebuild goes on from.
#[derive(Debug)]
pub struct RebuildLease {
    token: String,
    run: String,
    /// As it was found, then as it was written.
    checkpoint: Option<Checkpoint>,
}

/// Changes for one script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RebuildBatch {
    /// Timers of orders that were created; those that are there stay as they are.
    pub adds: Vec<Job>,
    /// Timers that have more time, after the additions.
    pub extends: Vec<Job>,
    /// Timers that are not needed any more.
    pub removes: Vec<Id>,
}

/// What becomes of the checkpoint with a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebuildStep {
    /// It stays: more has to be applied before it may move.
    Part,
    /// Everything up to this place of the orders' stream is applied; the other one is in the stream of expirations.
    Place(Place, Place),
    /// The same, and that is the end.
    End(Place, Place),
}

/// How many timers a script has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// They were missing.
    pub added: u64,
    /// They are due later now, or were missing as well.
    pub extended: u64,
    /// They were there, and are not needed.
    pub removed: u64,
}

/// Why a step did not happen.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// Redis is away, full, read-only or refuses.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The lease is over, or another worker's.
    #[error("its lease is over")]
    LeaseOver,
    /// Redis is in another run.
    #[error("Redis was restarted or another server took over meanwhile")]
    AnotherRun,
    /// Somebody else has changed the checkpoint.
    #[error("the checkpoint that it went on from is another one by now")]
    AnotherCheckpoint,
}

impl RebuildLease {
    /// The checkpoint that the rebuild goes on from.
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }
}

impl RebuildBatch {
    /// When the first of its timers is due, ms since the epoch.
    pub fn earliest_ms(&self) -> Option<i64> {
        self.adds.iter().chain(&self.extends).map(|job| job.due_ms).min()
    }

    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.adds.is_empty() && self.extends.is_empty() && self.removes.is_empty()
    }
}

impl std::ops::AddAssign for Rebuilt {
    fn add_assign(&mut self, more: Self) {
        self.added += more.added;
        self.extended += more.extended;
        self.removed += more.removed;
    }
}

impl Schedule {
    /// Takes the lease; `None` while somebody else has it.
    ///
    /// # Errors
    /// When Redis did not confirm; a lease that was taken all the same is over soon.
    pub async fn begin_rebuild(&self) -> Result<Option<RebuildLease>, Unavailable> {
        let token = Id::generate().to_string();
        let mut call = self.scripts.rebuild_begin.key(&self.keys.checkpoint);
        call.key(&self.keys.rebuild).arg(&token).arg(self.worker()).arg(millis(REBUILD_LEASE));
        let answer: Begun = self.invoke(&call, "begin a rebuild").await?;
        Ok(answer.0.map(|(run, checkpoint)| RebuildLease { token, run, checkpoint }))
    }

    /// Applies a batch, after which the rebuild is at `applied` of `last`, and renews the lease.
    ///
    /// # Errors
    /// When it was refused, or Redis did not confirm: then the rebuild can't go on.
    pub async fn apply_rebuild(
        &self,
        lease: &mut RebuildLease,
        batch: &RebuildBatch,
        step: RebuildStep,
        (applied, last): (u64, u64),
    ) -> Result<Rebuilt, RebuildError> {
        let mut call = self.scripts.rebuild_apply.key(&self.keys.due);
        call.key(&self.keys.checkpoint).key(&self.keys.rebuild);
        call.arg(&lease.token).arg(millis(REBUILD_LEASE)).arg(&lease.run);
        call.arg(text(lease.checkpoint.as_ref())).arg(applied).arg(last);
        let (word, places) = match step {
            RebuildStep::Part => ("part", None),
            RebuildStep::Place(orders, fired) => ("place", Some((orders, fired))),
            RebuildStep::End(orders, fired) => ("end", Some((orders, fired))),
        };
        call.arg(word);
        match places {
            Some((orders, fired)) => call.arg(&fields(orders)).arg(&fields(fired)),
            None => call.arg(&[""; 6]),
        };
        for jobs in [&batch.adds, &batch.extends] {
            call.arg(jobs.len());
            for job in jobs {
                call.arg(job.id.as_str()).arg(job.due_ms);
            }
        }
        for id in &batch.removes {
            call.arg(id.as_str());
        }
        let answer: Answer = self.invoke(&call, "rebuild the schedule").await?;
        let rebuilt = answer.0?;
        if let Some((orders, fired)) = places {
            let run = matches!(step, RebuildStep::End(..)).then(|| lease.run.clone());
            lease.checkpoint = Some(Checkpoint { orders, fired, run });
        }
        if let Some(earliest) = batch.earliest_ms() {
            self.earliest_due.add(earliest);
        }
        Ok(rebuilt)
    }

    /// Gives the lease back, for another worker.
    ///
    /// # Errors
    /// When Redis did not confirm: it is over soon anyway.
    pub async fn give_up_rebuild(&self, lease: &RebuildLease) -> Result<(), Unavailable> {
        let mut call = self.scripts.rebuild_give_up.key(&self.keys.rebuild);
        call.arg(&lease.token);
        self.invoke(&call, "give a rebuild up").await
    }
}

/// The run and the checkpoint, or nothing.
struct Begun(Option<(String, Option<Checkpoint>)>);

impl FromRedisValue for Begun {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let Value::Array(mut values) = value else { return Err("expected an array".into()) };
        if values.is_empty() {
            return Ok(Self(None));
        }
        let run = redis::from_redis_value(values.remove(0))?;
        let Fields(checkpoint) = redis::from_redis_value(Value::Array(values))?;
        Ok(Self(Some((run, checkpoint))))
    }
}

struct Answer(Result<Rebuilt, RebuildError>);

impl FromRedisValue for Answer {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let Value::Array(mut values) = value else { return Err("expected an array".into()) };
        if values.is_empty() {
            return Err("expected an answer".into());
        }
        let refused = match redis::from_redis_value::<String>(values.remove(0))?.as_str() {
            "done" => {
                let (added, extended, removed) = redis::from_redis_value(Value::Array(values))?;
                return Ok(Self(Ok(Rebuilt { added, extended, removed })));
            }
            "lease" => RebuildError::LeaseOver,
            "run" => RebuildError::AnotherRun,
            "checkpoint" => RebuildError::AnotherCheckpoint,
            _ => return Err("an answer that no script gives".into()),
        };
        Ok(Self(Err(refused)))
    }
}
