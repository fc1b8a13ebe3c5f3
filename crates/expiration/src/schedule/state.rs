//! How many timers are pending, due and claimed, counted and never scanned.

use std::collections::HashMap;

use common::{
    clock,
    event::Timestamp,
    internal::{Clocks, PauseState, ScheduleState},
};

use super::{
    Schedule, Unavailable,
    pause::{Instant, PauseHash},
};

const ACTION: &str = "count the timers";
/// Due for longer than this is overdue.
const OVERDUE_MS: i64 = 1_000;
/// Counts that go to Redis together: it answers nobody else before it has answered them, so they are few.
const TOGETHER: usize = 200;

/// Claims that have a fraction of their own.
const FRACTIONS: u64 = 4_095;

/// What counts at one instant.
#[derive(Debug)]
struct Counts {
    timers: u64,
    due: u64,
    overdue: u64,
    oldest: Vec<(String, f64)>,
    waiting: u64,
    falling_due: u64,
}

impl Schedule {
    /// The schedule in figures. They are of moments that follow each other closely, not of one: timers fire meanwhile.
    ///
    /// # Errors
    /// When Redis gave no answer.
    pub async fn state(&self) -> Result<ScheduleState, Unavailable> {
        let mut first = redis::pipe();
        first.cmd("TIME").cmd("HGETALL").arg(&self.keys.pause).cmd("GET").arg(&self.keys.claims);
        let (Instant(now_ms), pause, claims): (Instant, HashMap<String, String>, Option<u64>) =
            self.all(&first, ACTION).await?;
        let worker = Timestamp::from_millis(clock::now_ms());
        let pause = PauseHash::read(pause).filter(|pause| pause.is_in_force(now_ms));
        let counts = self.counts(now_ms, pause.as_ref()).await?;
        let live = self.live_claims(claims.unwrap_or_default(), now_ms).await?;
        let claimed = self.claimed(live).await?;
        let until_ms = pause.as_ref().map_or(i64::MIN, |pause| pause.until_ms);
        let held: u64 = claimed.iter().map(|(_, count)| count).sum();
        let lapsing: u64 =
            claimed.iter().filter(|(score, _)| *score <= until_ms as f64).map(|(_, count)| count).sum();
        let oldest = counts.oldest.first().map_or(now_ms, |(_, score)| self.due_ms(*score));
        Ok(ScheduleState {
            timers: counts.timers,
            pending: counts.timers.saturating_sub(counts.due + held),
            due: counts.due,
            claimed: held,
            overdue: counts.overdue,
            oldest_due_age_ms: u64::try_from(now_ms.saturating_sub(oldest)).unwrap_or_default(),
            clocks: Clocks { redis: Timestamp::from_millis(now_ms), worker },
            pause: pause.map(|pause| PauseState {
                paused: pause.is_paused(now_ms),
                since: Timestamp::from_millis(pause.since_ms),
                until: Timestamp::from_millis(pause.until_ms),
                rate: pause.rate,
                by: pause.by,
                waiting: counts.waiting,
                // What is in hand is fired long before its claim lapses.
                falling_due: counts.falling_due.saturating_sub(lapsing),
            }),
            checkpoint: None,
            rebuild: None,
            beyond_retention: 0,
        })
    }

    async fn counts(&self, now_ms: i64, pause: Option<&PauseHash>) -> Result<Counts, Unavailable> {
        let due = &self.keys.due;
        let mut all = redis::pipe();
        all.cmd("ZCARD").arg(due);
        all.cmd("ZCOUNT").arg(due).arg("-inf").arg(now_ms);
        all.cmd("ZCOUNT").arg(due).arg("-inf").arg(now_ms - OVERDUE_MS);
        all.cmd("ZRANGE").arg(due).arg(0).arg(0).arg("WITHSCORES");
        if let Some(pause) = pause {
            all.cmd("ZCOUNT").arg(due).arg("-inf").arg(pause.waits_until_ms(now_ms));
            all.cmd("ZCOUNT").arg(due).arg(format!("({now_ms}")).arg(pause.until_ms);
            let (timers, due, overdue, oldest, waiting, falling_due) = self.all(&all, ACTION).await?;
            return Ok(Counts { timers, due, overdue, oldest, waiting, falling_due });
        }
        let (timers, due, overdue, oldest) = self.all(&all, ACTION).await?;
        Ok(Counts { timers, due, overdue, oldest, waiting: 0, falling_due: 0 })
    }

    /// Scores of the claims that have not lapsed, of `claims` that were ever made: from the last one back, until none of so many is
    /// left that has not.
    async fn live_claims(&self, claims: u64, now_ms: i64) -> Result<Vec<f64>, Unavailable> {
        let mut live = Vec::new();
        let fractions: Vec<u16> = last_fractions(claims).collect();
        for fractions in fractions.chunks(TOGETHER) {
            let some = self.holders(fractions).await?.live_scores(now_ms);
            if some.is_empty() {
                break;
            }
            live.extend(some);
        }
        Ok(live)
    }

    /// How many timers each of these claims still has.
    async fn claimed(&self, scores: Vec<f64>) -> Result<Vec<(f64, u64)>, Unavailable> {
        let mut claimed = Vec::with_capacity(scores.len());
        for scores in scores.chunks(TOGETHER) {
            let mut counts = redis::pipe();
            for score in scores {
                let score = score.to_string();
                counts.cmd("ZCOUNT").arg(&self.keys.due).arg(&score).arg(&score);
            }
            let counts: Vec<u64> = self.all(&counts, ACTION).await?;
            claimed.extend(scores.iter().copied().zip(counts));
        }
        Ok(claimed)
    }
}

/// The fractions that `claim.lua` gave last, of `claims` in all; the last one first.
fn last_fractions(claims: u64) -> impl Iterator<Item = u16> {
    let first = claims.saturating_sub(FRACTIONS - 1).max(1);
    (first..=claims).rev().map(|claim| u16::try_from(claim % FRACTIONS + 1).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_fractions_are_those_that_the_counter_gave_each_once() {
        assert_eq!(last_fractions(0).count(), 0);
        assert_eq!(last_fractions(3).collect::<Vec<_>>(), [4, 3, 2]);
        assert_eq!(last_fractions(4_096).take(3).collect::<Vec<_>>(), [2, 1, 4_095]);
        let mut all: Vec<u16> = last_fractions(1_000_000).collect();
        all.sort_unstable();
        assert_eq!(all, (1..=4_095).collect::<Vec<_>>());
    }
}
