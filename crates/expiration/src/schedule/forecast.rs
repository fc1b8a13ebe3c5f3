//! How many timers fall due in each of the next minutes and hours.

use common::{event::Timestamp, internal::Forecast};
use redis::cmd;

use super::{Schedule, Unavailable, pause::Instant};

const ACTION: &str = "forecast the timers";
const MINUTES: i64 = 60;
const HOURS: i64 = 48;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

impl Schedule {
    /// Counts a minute at a time for an hour, then an hour at a time for two days. Each count costs as much as finding one timer.
    ///
    /// # Errors
    /// When Redis gave no answer.
    pub async fn forecast(&self) -> Result<Forecast, Unavailable> {
        let Instant(now_ms) = self.run(cmd("TIME"), ACTION).await?;
        let mut all = redis::pipe();
        let mut count = |from: String, to: String| {
            all.cmd("ZCOUNT").arg(&self.keys.due).arg(from).arg(to);
        };
        let before = |ms: i64| format!("({ms}");
        count("-inf".to_owned(), before(now_ms));
        count((now_ms + HOURS * HOUR_MS).to_string(), "+inf".to_owned());
        let steps = (0..MINUTES).map(|minute| (minute * MINUTE_MS, MINUTE_MS));
        for (begin, length) in steps.chain((1..HOURS).map(|hour| (hour * HOUR_MS, HOUR_MS))) {
            count((now_ms + begin).to_string(), before(now_ms + begin + length));
        }
        let counts: Vec<u64> = self.all(&all, ACTION).await?;
        let mut counts = counts.into_iter();
        let (due, later) = (counts.next().unwrap_or_default(), counts.next().unwrap_or_default());
        let minutes: Vec<u64> = counts.by_ref().take(MINUTES.unsigned_abs() as usize).collect();
        let hours = std::iter::once(minutes.iter().sum()).chain(counts).collect();
        Ok(Forecast { now: Timestamp::from_millis(now_ms), due, minutes, hours, later })
    }
}
