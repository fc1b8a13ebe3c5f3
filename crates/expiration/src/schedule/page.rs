//! Looking timers up: one by its id, and pages of them by their due time.

use common::{
    event::Id,
    internal::{Timer, TimerPage},
};
use redis::{RedisError, Value, cmd};

use super::{
    Schedule, Unavailable,
    holders::{Holders, fraction, is_live},
    pause::Instant,
    unavailable,
};

/// Which timers.
#[derive(Clone, Copy, Debug)]
pub struct PageQuery<'a> {
    /// Due from this instant on, ms since the epoch.
    pub from_ms: i64,
    /// Due before this one.
    pub to_ms: i64,
    /// Behind this timer: its score and its id.
    pub after: Option<(f64, &'a str)>,
    /// At most so many, 1 to 1,000.
    pub limit: usize,
}

impl Schedule {
    /// The timer of one order.
    ///
    /// # Errors
    /// When Redis gave no answer.
    pub async fn find(&self, id: &Id) -> Result<Option<Timer>, Unavailable> {
        const ACTION: &str = "find a timer";
        let mut both = redis::pipe();
        both.cmd("TIME").cmd("ZSCORE").arg(&self.keys.due).arg(id.as_str());
        let (Instant(now_ms), score): (Instant, Option<f64>) = self.all(&both, ACTION).await?;
        let Some(score) = score else { return Ok(None) };
        let holders = self.holders_of(&[score], now_ms).await?;
        Ok(holders.timer(id.to_string(), score, now_ms))
    }

    /// A page of timers. Its cursor is right also when the timer that it names has moved or is gone.
    ///
    /// # Errors
    /// When Redis gave no answer.
    pub async fn page(&self, query: PageQuery<'_>) -> Result<TimerPage, Unavailable> {
        const ACTION: &str = "list timers";
        let mut call = self.scripts.page.key(&self.keys.due);
        call.arg(query.from_ms).arg(query.to_ms).arg(query.limit);
        match query.after {
            Some((score, id)) => call.arg(score.to_string()).arg(id),
            None => call.arg("").arg(""),
        };
        let answer: Vec<Value> = self.invoke(&call, ACTION).await?;
        let (now_ms, members) = read(answer).map_err(unavailable(ACTION))?;
        let next = members.last().filter(|_| members.len() == query.limit);
        let next = next.map(|(id, score)| format!("{score}:{id}"));
        let scores: Vec<f64> = members.iter().map(|(_, score)| *score).collect();
        let holders = self.holders_of(&scores, now_ms).await?;
        let timers = members.into_iter().filter_map(|(id, score)| holders.timer(id, score, now_ms)).collect();
        Ok(TimerPage { timers, next })
    }

    /// Who holds what of this has been claimed; asks nothing if nothing has.
    async fn holders_of(&self, scores: &[f64], now_ms: i64) -> Result<Holders, Unavailable> {
        let live = scores.iter().filter(|score| is_live(**score, now_ms));
        let mut fractions: Vec<u16> = live.filter_map(|score| fraction(*score)).collect();
        fractions.sort_unstable();
        fractions.dedup();
        if fractions.is_empty() {
            return Ok(Holders::default());
        }
        self.holders(&fractions).await
    }

    /// Who made the last claims with these fractions.
    pub(super) async fn holders(&self, fractions: &[u16]) -> Result<Holders, Unavailable> {
        let mut ask = cmd("HMGET");
        ask.arg(&self.keys.holders).arg(fractions);
        let texts: Vec<Option<String>> = self.run(ask, "see who holds a timer").await?;
        Ok(Holders::read(fractions.iter().copied().zip(texts).filter_map(|(of, text)| Some((of, text?)))))
    }
}

fn read(answer: Vec<Value>) -> Result<(i64, Vec<(String, f64)>), RedisError> {
    let mut values = answer.into_iter();
    let now_ms = redis::from_redis_value(values.next().unwrap_or(Value::Nil))?;
    let mut members = Vec::with_capacity(values.len() / 2);
    while let (Some(id), Some(score)) = (values.next(), values.next()) {
        members.push((redis::from_redis_value(id)?, redis::from_redis_value(score)?));
    }
    Ok((now_ms, members))
}
