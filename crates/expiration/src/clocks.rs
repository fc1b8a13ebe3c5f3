//! Three clocks: this worker's, Redis' and the broker's. Any of them can be wrong, and two that agree are not.
//!
//! They are for what is measured and told. When a timer fires is decided by the slower of the worker's and Redis' in
//! `schedule/claim.lua`: never early by either.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use common::clock;
use metrics::gauge;

/// Beyond this a clock is wrong. Those in health differ by milliseconds.
const TOLERANCE: Duration = Duration::from_secs(1);
const UNKNOWN: i64 = i64::MIN;

/// What is known of them. Clones share it.
#[derive(Clone, Debug)]
pub struct Clocks(Arc<Known>);

/// By how many ms each is ahead of this worker's.
#[derive(Debug)]
struct Known {
    redis_ms: AtomicI64,
    broker_ms: AtomicI64,
}

impl Default for Clocks {
    fn default() -> Self {
        Self(Arc::new(Known { redis_ms: AtomicI64::new(UNKNOWN), broker_ms: AtomicI64::new(UNKNOWN) }))
    }
}

impl Clocks {
    /// Redis' clock is so many ms ahead of this worker's.
    pub(crate) fn set_redis(&self, ahead_ms: i64) {
        self.0.redis_ms.store(ahead_ms, Ordering::Relaxed);
    }

    /// The broker's is; `None` if nobody knows.
    pub(crate) fn set_broker(&self, ahead_ms: Option<i64>) {
        self.0.broker_ms.store(ahead_ms.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    /// The time that most of them agree on, ms since the epoch. Of two the later: what is overdue by one of them shows.
    pub fn now_ms(&self) -> i64 {
        clock::now_ms().saturating_add(self.ahead_ms())
    }

    /// As [`now_ms`](Self::now_ms), in us.
    pub fn now_us(&self) -> i64 {
        clock::now_us().saturating_add(self.ahead_ms().saturating_mul(1_000))
    }

    /// The first clock that is wrong, for `/readyz`. Sets `expiration_clock_skew_seconds{clock}`: how far each is ahead of
    /// the time that most agree on.
    pub(crate) fn judge(&self) -> Option<String> {
        let agreed_ms = self.ahead_ms();
        let all = [
            ("worker", "this worker", Some(0)),
            ("redis", "Redis", self.redis()),
            ("broker", "the broker", self.broker()),
        ];
        // Of two that differ nobody knows which is wrong.
        let are_all_known = all.iter().all(|(.., ahead_ms)| ahead_ms.is_some());
        let mut wrong = None;
        for (label, clock, ahead_ms) in all {
            let Some(ahead_ms) = ahead_ms else { continue };
            let skew_s = (ahead_ms - agreed_ms) as f64 / 1_000.0;
            gauge!("expiration_clock_skew_seconds", "clock" => label).set(skew_s);
            if skew_s.abs() > TOLERANCE.as_secs_f64() && are_all_known && wrong.is_none() {
                let side = if skew_s > 0.0 { "ahead" } else { "behind" };
                let skew_s = skew_s.abs().round();
                wrong = Some(format!(
                    "the clock of {clock} is {skew_s} s {side}: timers fire by the slower of the worker's and Redis'"
                ));
            }
        }
        wrong
    }

    fn ahead_ms(&self) -> i64 {
        match (self.redis(), self.broker()) {
            (Some(redis), Some(broker)) => {
                let mut all = [0, redis, broker];
                all.sort_unstable();
                all[1]
            }
            (Some(one), None) | (None, Some(one)) if one.unsigned_abs() > TOLERANCE.as_millis() as u64 => {
                one.max(0)
            }
            _ => 0,
        }
    }

    fn redis(&self) -> Option<i64> {
        Some(self.0.redis_ms.load(Ordering::Relaxed)).filter(|ahead| *ahead != UNKNOWN)
    }

    fn broker(&self) -> Option<i64> {
        Some(self.0.broker_ms.load(Ordering::Relaxed)).filter(|ahead| *ahead != UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn clocks(redis: Option<i64>, broker: Option<i64>) -> Clocks {
        let clocks = Clocks::default();
        if let Some(redis) = redis {
            clocks.set_redis(redis);
        }
        clocks.set_broker(broker);
        clocks
    }

    #[test]
    fn the_time_is_what_two_of_three_clocks_agree_on_and_the_third_is_named() {
        for (redis, broker, ahead, wrong) in [
            (3, -2, 0, None),
            (HOUR, 5, 5, Some("Redis is 3600 s ahead")),
            (-HOUR, 5, 0, Some("Redis is 3600 s behind")),
            (2, HOUR, 2, Some("the broker is 3600 s ahead")),
            (HOUR, HOUR + 4, HOUR, Some("this worker is 3600 s behind")),
            (-HOUR, -HOUR, -HOUR, Some("this worker is 3600 s ahead")),
        ] {
            let clocks = clocks(Some(redis), Some(broker));
            assert_eq!(clocks.ahead_ms(), ahead, "{redis} {broker}");
            let said = clocks.judge();
            assert_eq!(said.is_some(), wrong.is_some(), "{said:?}");
            assert!(wrong.is_none_or(|wrong| said.unwrap().contains(wrong)));
        }
    }

    #[test]
    fn of_two_clocks_the_later_counts_so_that_what_is_overdue_by_one_shows() {
        assert_eq!(clocks(Some(HOUR), None).ahead_ms(), HOUR);
        assert_eq!(clocks(Some(-HOUR), None).ahead_ms(), 0);
        assert_eq!(clocks(Some(7), None).ahead_ms(), 0, "within what clocks differ by in health");
        assert_eq!(clocks(None, None).ahead_ms(), 0);
    }
}
