//! Pausing: nothing is claimed until an instant at most, by any worker. The scripts decide; see `claim.lua`.

use std::{collections::HashMap, time::Duration};

use common::{event::Timestamp, internal::Pause};
use redis::{FromRedisValue, ParsingError, Value, cmd};

use super::{Schedule, Unavailable, millis};

/// The longest pause: what has waited for longer than the streams remember can't be told any more.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The answer to a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseAnswer {
    /// Nothing is claimed.
    Paused,
    /// The instant is past by Redis' clock.
    Past,
    /// The instant is further away than [`LONGEST_PAUSE`].
    TooFar,
}

/// How many wait, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whether nothing is claimed now; else what waited is being fired at a rate.
    pub paused: bool,
    /// Until when at most, or when it ended.
    pub until: Timestamp,
    /// Who wanted it.
    pub by: String,
    /// How many are due and wait.
    pub waiting: u64,
}

/// Redis' clock as TIME tells it, ms since the epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instant(pub(super) i64);

impl FromRedisValue for Instant {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let (seconds, micros): (i64, i64) = redis::from_redis_value(value)?;
        Ok(Self(seconds * 1_000 + micros / 1_000))
    }
}

/// The hash of a pause; none where there is no `until` in it.
#[derive(Clone, Debug)]
pub(super) struct PauseHash {
    pub(super) since_ms: i64,
    pub(super) until_ms: i64,
    pub(super) rate: Option<u32>,
    pub(super) by: String,
}

impl PauseHash {
    /// What HGETALL tells.
    pub(super) fn read(mut fields: HashMap<String, String>) -> Option<Self> {
        let until_ms = fields.get("until")?.parse().ok()?;
        let since_ms = fields.get("since").and_then(|text| text.parse().ok()).unwrap_or(until_ms);
        let rate = fields.get("rate").and_then(|text| text.parse().ok());
        Some(Self { since_ms, until_ms, rate, by: fields.remove("by").unwrap_or_default() })
    }

    /// What is due until then waits.
    pub(super) fn waits_until_ms(&self, now_ms: i64) -> i64 {
        self.until_ms.min(now_ms)
    }

    pub(super) fn is_paused(&self, now_ms: i64) -> bool {
        now_ms < self.until_ms
    }

    /// Whether it means anything to anybody: one that is over and has no rate is gone with the next claim.
    pub(super) fn is_in_force(&self, now_ms: i64) -> bool {
        self.is_paused(now_ms) || self.rate.is_some()
    }
}

impl Schedule {
    /// Stops all claims of all workers. Those in hand go on.
    ///
    /// # Errors
    /// When Redis did not confirm. Pausing again is harmless.
    pub async fn pause(&self, pause: &Pause) -> Result<PauseAnswer, Unavailable> {
        let rate = pause.rate.map(|rate| rate.to_string()).unwrap_or_default();
        let mut call = self.scripts.pause.key(&self.keys.pause);
        call.arg(pause.until.as_millis()).arg(rate).arg(&pause.by).arg(millis(LONGEST_PAUSE));
        let answer: i64 = self.invoke(&call, "pause the timers").await?;
        Ok(match answer {
            1 => PauseAnswer::Paused,
            0 => PauseAnswer::Past,
            _ => PauseAnswer::TooFar,
        })
    }

    /// Ends a pause; what waited is claimed at `rate` a second by all workers together, or as fast as can be. Of one that is
    /// over it changes the rate. Answers whether there was one.
    ///
    /// # Errors
    /// When Redis did not confirm. Resuming again is harmless.
    pub async fn resume(&self, rate: Option<u32>) -> Result<bool, Unavailable> {
        let rate = rate.map(|rate| rate.to_string()).unwrap_or_default();
        let mut call = self.scripts.resume.key(&self.keys.pause);
        call.arg(rate);
        self.invoke(&call, "resume the timers").await
    }

    /// How many wait because of a pause; none: timers fire as they fall due.
    ///
    /// # Errors
    /// When Redis gave no answer.
    pub async fn waiting(&self) -> Result<Option<Waiting>, Unavailable> {
        const ACTION: &str = "look at the pause";
        let mut both = redis::pipe();
        both.cmd("TIME").cmd("HGETALL").arg(&self.keys.pause);
        let (Instant(now_ms), fields): (Instant, HashMap<String, String>) = self.all(&both, ACTION).await?;
        let pause = PauseHash::read(fields).filter(|pause| pause.is_in_force(now_ms));
        let Some(pause) = pause else { return Ok(None) };
        let mut count = cmd("ZCOUNT");
        count.arg(&self.keys.due).arg("-inf").arg(pause.waits_until_ms(now_ms));
        let waiting = self.run(count, ACTION).await?;
        let paused = pause.is_paused(now_ms);
        Ok(Some(Waiting { paused, until: Timestamp::from_millis(pause.until_ms), by: pause.by, waiting }))
    }
}
