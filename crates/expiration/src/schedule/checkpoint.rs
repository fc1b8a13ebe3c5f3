//! The checkpoint beside the schedule: up to which message everything is in it, and in which run of Redis that is so.
//!
//! It is written by scripts that change the set, so a loss takes both back to an earlier moment, at which it was true as
//! well. In health its place lies behind what the consumers have acknowledged, so its distance says nothing of a loss:
//! only the run does, Redis' own name for the history of its data (`master_replid`), which changes with each restart and
//! each failover. The scripts ask for it themselves, since a connection may have gone on to another server unnoticed.
//!
//! A second place is in the stream of expirations. If that one is gone, expirations were lost whose timers have left the
//! set, and only a rebuild from the beginning brings those timers back.

use std::time::Duration;

use messaging::Place;
use redis::{FromRedisValue, ParsingError, Value};

use super::{Schedule, Unavailable, millis};

/// How long a rebuild is one worker's without a sign of it. It is taken over after that, and it is far below the window in
/// which the broker knows an expiration that is published again.
pub(super) const REBUILD_LEASE: Duration = Duration::from_secs(5);

/// What the checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Up to here every event of the orders' stream is in the schedule.
    pub orders: Place,
    /// The end of the stream of expirations at some moment that is no longer ago than the last advance.
    pub fired: Place,
    /// The run of Redis in which a rebuild was finished; `None` while one is under way.
    pub run: Option<String>,
}

/// The checkpoint, the run and the rebuild of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The server's run.
    pub run: String,
    /// The checkpoint, if there is one.
    pub checkpoint: Option<Checkpoint>,
    /// Who rebuilds, if somebody does.
    pub rebuild: Option<UnderWay>,
    /// How many timers are due later than the orders' stream keeps their event.
    pub beyond_retention: u64,
}

/// A rebuild whose lease is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// The worker.
    pub by: String,
    /// Since when, ms since the epoch by Redis' clock.
    pub since_ms: i64,
    /// Up to which message of the orders' stream it has come.
    pub applied: u64,
    /// The message at which it ends; 0 while it reads what has fired.
    pub last: u64,
}

impl Checkpoint {
    /// Whether Redis may have lost nothing since the rebuild that made it.
    pub fn is_of_run(&self, run: &str) -> bool {
        self.run.as_deref() == Some(run)
    }
}

/// The fields as the scripts compare them; of none, seven empty ones.
pub(super) fn text(checkpoint: Option<&Checkpoint>) -> String {
    let Some(Checkpoint { orders, fired, run }) = checkpoint else { return " ".repeat(6) };
    let [created, sequence, stored] = fields(*orders);
    let [fired_created, fired_sequence, fired_stored] = fields(*fired);
    let run = run.as_deref().unwrap_or_default();
    format!("{created} {sequence} {stored} {fired_created} {fired_sequence} {fired_stored} {run}")
}

/// A place as it is stored.
pub(super) fn fields(place: Place) -> [String; 3] {
    [place.created_ns.to_string(), place.sequence.to_string(), place.stored_ns.to_string()]
}

/// The seven fields of a checkpoint, in the order in which the scripts give them.
pub(super) struct Fields(pub(super) Option<Checkpoint>);

impl FromRedisValue for Fields {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let fields: Vec<String> = redis::from_redis_value(value)?;
        Ok(Self(read(&fields)))
    }
}

/// One that is no checkpoint of ours is none: the rebuild writes it anew.
pub(super) fn read(fields: &[String]) -> Option<Checkpoint> {
    let [created, sequence, stored, fired_created, fired_sequence, fired_stored, run] = fields else {
        return None;
    };
    let place = |created: &str, sequence: &str, stored: &str| {
        Some(Place {
            created_ns: created.parse().ok()?,
            sequence: sequence.parse().ok()?,
            stored_ns: stored.parse().ok()?,
        })
    };
    Some(Checkpoint {
        orders: place(created, sequence, stored)?,
        fired: place(fired_created, fired_sequence, fired_stored)?,
        run: Some(run.clone()).filter(|run| !run.is_empty()),
    })
}

impl Schedule {
    /// Looks at the checkpoint; `retention` is for how long the orders' stream keeps a message.
    ///
    /// # Errors
    /// When Redis gave no answer.
    pub async fn standing(&self, retention: Option<Duration>) -> Result<Standing, Unavailable> {
        let retention = retention.map(|retention| millis(retention).to_string()).unwrap_or_default();
        let mut call = self.scripts.checkpoint_look.key(&self.keys.checkpoint);
        call.key(&self.keys.rebuild).key(&self.keys.due).arg(millis(REBUILD_LEASE)).arg(retention);
        let standing: Standing = self.invoke(&call, "look at the checkpoint").await?;
        self.connection.runs().note(&standing.run);
        Ok(standing)
    }

    /// Advances the checkpoint `from` which the streams still had both places to these. Answers whether it was still that one.
    ///
    /// # Errors
    /// When Redis did not confirm. Advancing again is harmless.
    pub async fn advance_checkpoint(
        &self,
        from: &Checkpoint,
        orders: Place,
        fired: Place,
    ) -> Result<bool, Unavailable> {
        let mut call = self.scripts.checkpoint_advance.key(&self.keys.checkpoint);
        call.arg(text(Some(from))).arg(&fields(orders)).arg(&fields(fired));
        self.invoke(&call, "advance the checkpoint").await
    }

    /// Whether this process was connected to another server, and then to this one again, in a run that it knew. What the other one
    /// acknowledged is not here, and the checkpoint knows nothing of it, nor is it known how far it was advanced since.
    pub fn has_come_back(&self) -> bool {
        self.connection.runs().came_back()
    }

    /// Removes the checkpoint of a server that has come back, as [`Self::forget_checkpoint`].
    ///
    /// # Errors
    /// When Redis did not confirm. Forgetting again is harmless.
    pub async fn forget_after_coming_back(&self) -> Result<bool, Unavailable> {
        let is_forgotten = self.forget_checkpoint().await?;
        if is_forgotten {
            self.connection.runs().dealt_with();
        }
        Ok(is_forgotten)
    }

    /// Removes the checkpoint, so that a rebuild begins at the beginning. Answers whether none is under way.
    ///
    /// # Errors
    /// When Redis did not confirm. Forgetting again is harmless.
    pub async fn forget_checkpoint(&self) -> Result<bool, Unavailable> {
        let mut call = self.scripts.checkpoint_forget.key(&self.keys.checkpoint);
        call.key(&self.keys.rebuild).arg(millis(REBUILD_LEASE));
        self.invoke(&call, "forget the checkpoint").await
    }
}

impl FromRedisValue for Standing {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let values: Vec<String> = redis::from_redis_value(value)?;
        let [_now_ms, run, rest @ ..] = values.as_slice() else { return Err("too short an answer".into()) };
        let Some((checkpoint, [by, since, applied, last, beyond])) = rest.split_at_checked(7) else {
            return Err("too short an answer".into());
        };
        let number = |text: &str| text.parse().unwrap_or_default();
        let rebuild = (!by.is_empty()).then(|| UnderWay {
            by: by.clone(),
            since_ms: since.parse().unwrap_or_default(),
            applied: number(applied),
            last: number(last),
        });
        Ok(Self { run: run.clone(), checkpoint: read(checkpoint), rebuild, beyond_retention: number(beyond) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_read_as_the_scripts_compare_it() {
        let (orders, fired) = (place(7, 5, 11), place(8, 0, 0));
        for run in [None, Some("abc".to_owned())] {
            let checkpoint = Checkpoint { orders, fired, run };
            let fields: Vec<String> = text(Some(&checkpoint)).split(' ').map(str::to_owned).collect();
            assert_eq!(read(&fields), Some(checkpoint));
        }
        let none: Vec<String> = text(None).split(' ').map(str::to_owned).collect();
        assert_eq!((none.len(), read(&none)), (7, None));
    }

    fn place(created_ns: i64, sequence: u64, stored_ns: i64) -> Place {
        Place { created_ns, sequence, stored_ns }
    }
}
