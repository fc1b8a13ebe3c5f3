//! What was broken and when, and how much of an excuse that is.

mod harm;
mod limit;

pub use self::harm::{Effect, Harm, Part};
pub(crate) use self::limit::Limit;

use std::time::Duration;

use common::Service;

use self::limit::{REBUILD, TIMEKEEPERS};

/// What was broken, and what that excuses.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    /// The faults that were really in force, in any order.
    pub harms: Vec<Harm>,
    /// How long the streams keep a message, where that is not the usual.
    pub retention: Option<Duration>,
}

impl Bounds {
    /// Until when what begins at `from_ms` has to be over. A fault that comes before that moves it.
    pub(crate) fn deadline_ms(&self, from_ms: i64, limit: Limit) -> i64 {
        let mut harms: Vec<&Harm> = self.harms.iter().filter(|harm| harm.hits(limit.parts)).collect();
        harms.sort_by_key(|harm| harm.from_ms);
        let mut deadline = from_ms.saturating_add(ms(limit.in_health));
        for harm in harms {
            let rebuild = match limit.rebuild {
                Some(rebuild) if harm.needs_a_rebuild() => ms(rebuild),
                // Redis only wakes us up: without it the sweeper is as fast as ever.
                None if harm.effect == Effect::RedisLost => continue,
                _ => 0,
            };
            if harm.from_ms <= deadline {
                let over = harm.to_ms.saturating_add(ms(limit.after_harm) + rebuild + harm.skew_ms());
                deadline = deadline.max(over);
            }
        }
        deadline
    }

    /// Whether nothing that timers need was broken between the two, nor so short before that it may still be felt.
    pub(crate) fn timers_in_health(&self, from_ms: i64, to_ms: i64) -> bool {
        let felt = ms(Limit::foreign().after_harm + REBUILD);
        !self
            .harms
            .iter()
            .filter(|harm| harm.hits(TIMEKEEPERS))
            .any(|harm| harm.from_ms <= to_ms && harm.to_ms.saturating_add(felt + harm.skew_ms()) >= from_ms)
    }

    /// By how much the clocks of these parts may have differed from the others' at that time.
    pub(crate) fn skew_ms(&self, at_ms: i64, parts: &[Part]) -> i64 {
        let of = |harm: &&Harm| match harm.effect {
            Effect::Skewed { part, ms } => {
                let (from_ms, to_ms) =
                    (harm.from_ms.saturating_sub(ms.abs()), harm.to_ms.saturating_add(ms.abs()));
                parts.contains(&part) && (from_ms..=to_ms).contains(&at_ms)
            }
            _ => false,
        };
        self.harms.iter().filter(of).map(Harm::skew_ms).sum()
    }

    /// Whether the broker lost what was stored in this publisher's stream at that time.
    pub(crate) fn may_have_lost(&self, publisher: Service, stored_ms: i64) -> bool {
        self.harms.iter().any(|harm| harm.effect == Effect::StreamLost(publisher) && harm.to_ms >= stored_ms)
    }

    /// Whether it lost anything of this stream.
    fn lost(&self, publisher: Service) -> bool {
        self.may_have_lost(publisher, i64::MIN)
    }

    /// Whether what was once in this stream may not be there in the end, without an event being missing.
    pub(crate) fn may_miss(&self, publisher: Service) -> bool {
        self.retention.is_some() || self.lost(publisher)
    }

    /// The same where it may also be too old to be kept.
    pub(crate) fn may_be_missing(&self, publisher: Service, stored_ms: i64) -> bool {
        self.retention.is_some() || self.may_have_lost(publisher, stored_ms)
    }

    /// Whether it lost dead letters that were stored at that time.
    pub(crate) fn may_have_lost_letters(&self, stored_ms: i64) -> bool {
        self.harms.iter().any(|harm| harm.effect == Effect::LettersLost && harm.to_ms >= stored_ms)
    }

    /// Whether this service may have been told nothing of what the broker stored for it.
    pub(crate) fn may_lose_answers_of_the_broker(&self, of: Service) -> bool {
        let parts = [Part::Broker, Part::Service(of)];
        self.harms.iter().any(|harm| matches!(harm.effect, Effect::Away(part) if parts.contains(&part)))
    }

    /// Whether services had reason to tell of something again.
    pub(crate) fn tells_again(&self) -> bool {
        Service::ON_THE_BROKER.into_iter().any(|service| self.may_miss(service))
    }
}

/// Whole milliseconds of what is far below the limit of the type.
pub(crate) fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit {
        parts: TIMEKEEPERS,
        in_health: Duration::from_millis(10),
        after_harm: Duration::from_millis(100),
        rebuild: Some(Duration::from_millis(1_000)),
    };

    fn harm(effect: Effect, from_ms: i64, to_ms: i64) -> Harm {
        Harm { effect, from_ms, to_ms }
    }

    fn bounds(harms: &[Harm]) -> Bounds {
        Bounds { harms: harms.to_vec(), ..Bounds::default() }
    }

    #[test]
    fn a_deadline_is_moved_by_the_faults_that_come_before_it_and_by_no_other() {
        let broker = Effect::Away(Part::Broker);
        assert_eq!(bounds(&[]).deadline_ms(1_000, LIMIT), 1_010);
        assert_eq!(bounds(&[harm(broker, 1_011, 1_500)]).deadline_ms(1_000, LIMIT), 1_010);
        assert_eq!(bounds(&[harm(broker, 1_010, 1_500)]).deadline_ms(1_000, LIMIT), 1_600);
        assert_eq!(bounds(&[harm(broker, 0, 500)]).deadline_ms(1_000, LIMIT), 1_010);
        let of_others = Effect::Away(Part::Service(Service::Tickets));
        assert_eq!(bounds(&[harm(of_others, 900, 1_500)]).deadline_ms(1_000, LIMIT), 1_010);
        // What is in force while the first is recovered from counts as well, whatever the order in which they are listed.
        let overlapping = [harm(broker, 1_600, 1_700), harm(broker, 900, 1_500)];
        assert_eq!(bounds(&overlapping).deadline_ms(1_000, LIMIT), 1_800);
    }

    #[test]
    fn a_lost_schedule_excuses_a_rebuild_only_where_nothing_else_keeps_the_time() {
        let lost = bounds(&[harm(Effect::RedisLost, 1_000, 1_000)]);
        assert_eq!(lost.deadline_ms(1_000, LIMIT), 2_100);
        assert_eq!(lost.deadline_ms(1_000, Limit { rebuild: None, ..LIMIT }), 1_010);
        let streams = bounds(&[harm(Effect::StreamLost(Service::Payments), 1_000, 1_000)]);
        assert_eq!(streams.deadline_ms(1_000, LIMIT), 1_100);
    }

    #[test]
    fn a_clock_excuses_only_while_it_is_wrong_and_only_those_who_read_it() {
        let skewed = bounds(&[harm(Effect::Skewed { part: Part::Redis, ms: -500 }, 10_000, 20_000)]);
        assert_eq!(skewed.skew_ms(15_000, &[Part::Redis, Part::Broker]), 500);
        assert_eq!(skewed.skew_ms(15_000, &[Part::Broker]), 0);
        assert_eq!(skewed.skew_ms(20_501, &[Part::Redis]), 0);
        assert_eq!(skewed.deadline_ms(15_000, LIMIT), 20_600);
    }

    #[test]
    fn a_stream_loses_only_what_was_stored_before() {
        let lost = bounds(&[harm(Effect::StreamLost(Service::Orders), 1_000, 2_000)]);
        assert!(lost.may_have_lost(Service::Orders, 2_000) && lost.lost(Service::Orders));
        assert!(!lost.may_have_lost(Service::Orders, 2_001) && !lost.lost(Service::Tickets));
        assert!(lost.tells_again() && !bounds(&[harm(Effect::RedisLost, 0, 1)]).tells_again());
    }
}
