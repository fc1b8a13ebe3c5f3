//! Pause and resume. `orders`' sweeper is held while timers wait on purpose, or it would cancel what they are for.

use common::{
    event::Timestamp,
    internal::{Forecast, Pause, Resume, ScheduleState, SweeperHold},
    operator::{PauseAct, ResumeAct},
};

use super::{R, note, request};
use crate::{
    access::Actor,
    app::App,
    audit::{Details, Target},
    failure::Failure,
    hold::{held_until, spread_ms},
    orders::text::{between, plus},
};

const LONGEST_MS: i64 = 7 * 24 * 3_600_000;
const MOST_A_SECOND: u32 = 1_000_000;

impl App {
    /// Stops the claiming of timers.
    ///
    /// # Errors
    /// 400 with the field, 503 when `orders` or `expiration` is away or it can't be written down.
    pub async fn pause(&self, actor: &Actor, act: PauseAct) -> R<ScheduleState> {
        self.allow(actor, "pauseSchedule", &Target::Schedule)?;
        let rate = checked_rate(act.rate)?;
        let note = note(act.note.as_deref())?;
        let peers = self.0.peers.clone();
        let before = peers.schedule().await?;
        let until = until(&act, before.clocks.redis)?;
        let begun = Details {
            before: request(&before.pause),
            request: request(&PauseAct { note: None, ..act }),
            note,
            ..Details::default()
        };
        let by = actor.name().to_owned();
        self.act(actor, "pauseSchedule", Target::Schedule, begun, async move {
            // Held before, so that no sweep comes between.
            let waiting = before.due + before.claimed + falling_due(&peers.forecast().await?, until);
            let held_until = held_until(until, spread_ms(waiting, rate), before.clocks.redis);
            let hold_before = peers.sweeper_hold().await?;
            peers.hold_sweeper(&SweeperHold { held_until: Some(held_until) }).await?;
            let paused = peers.pause(&Pause { until, rate, by }).await;
            let paused = match paused {
                Ok(paused) => paused,
                Err(error) => {
                    let released = peers.hold_sweeper(&hold_before).await;
                    if let Err(error) = released {
                        tracing::warn!("the sweeper stays held until {held_until}: {error}");
                    }
                    return Err(error.into());
                }
            };
            let details =
                Details { count: Some(waiting), after: request(&paused.pause), ..Details::default() };
            Ok((paused, details))
        })
        .await
    }

    /// Ends a pause: what has waited is fired at a rate.
    ///
    /// # Errors
    /// As [`Self::pause`].
    pub async fn resume(&self, actor: &Actor, act: ResumeAct) -> R<ScheduleState> {
        self.allow(actor, "resumeSchedule", &Target::Schedule)?;
        let rate = checked_rate(act.rate)?;
        let note = note(act.note.as_deref())?;
        let peers = self.0.peers.clone();
        let begun =
            Details { request: request(&ResumeAct { note: None, ..act }), note, ..Details::default() };
        self.act(actor, "resumeSchedule", Target::Schedule, begun, async move {
            let before = peers.schedule().await?;
            let resumed = peers.resume(&Resume { rate }).await?;
            // From the real count; shortened, or made longer where the rate is a smaller one.
            let left = resumed.pause.as_ref().map_or(0, |pause| pause.waiting);
            let rate = resumed.pause.as_ref().and_then(|pause| pause.rate).or(rate);
            let now = resumed.clocks.redis;
            let held_until = held_until(now, spread_ms(left, rate), now);
            peers.hold_sweeper(&SweeperHold { held_until: Some(held_until) }).await?;
            let details = Details {
                count: Some(left),
                before: request(&before.pause),
                after: request(&resumed.pause),
                ..Details::default()
            };
            Ok((resumed, details))
        })
        .await
    }
}

fn checked_rate(rate: Option<u32>) -> R<Option<u32>> {
    match rate {
        Some(rate) if !(1..=MOST_A_SECOND).contains(&rate) => {
            Err(Failure::field("rate", format!("rate must be a whole number from 1 to {MOST_A_SECOND}")))
        }
        rate => Ok(rate),
    }
}

fn until(act: &PauseAct, now: Timestamp) -> R<Timestamp> {
    let (field, until) = match (act.until, act.for_ms) {
        (Some(until), None) => ("until", until),
        (None, Some(for_ms)) => ("forMs", plus(now, i64::try_from(for_ms).unwrap_or(i64::MAX))),
        _ => return Err(Failure::field("until", "exactly one of until and forMs must be given")),
    };
    match between(now, until) {
        ..1 => Err(Failure::field(field, format!("{field} must be in the future; it is {now} now"))),
        1..=LONGEST_MS => Ok(until),
        _ => Err(Failure::field(field, format!("{field} must be within 7 days"))),
    }
}

/// How many timers fall due until then, whole minutes or hours counted as a whole.
fn falling_due(forecast: &Forecast, until: Timestamp) -> u64 {
    let ms = between(forecast.now, until).max(0);
    let slots = |of_ms: i64| usize::try_from(ms / of_ms + 1).unwrap_or(usize::MAX);
    let sum = |counts: &[u64], slots: usize| counts.iter().take(slots).sum::<u64>();
    match ms {
        0..3_600_000 => sum(&forecast.minutes, slots(60_000)),
        3_600_000..172_800_000 => sum(&forecast.hours, slots(3_600_000)),
        _ => sum(&forecast.hours, usize::MAX) + forecast.later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    #[test]
    fn a_pause_ends_in_the_future_and_within_a_week() {
        let act = |until: Option<i64>, for_ms| PauseAct {
            until: until.map(Timestamp::from_millis),
            for_ms,
            ..PauseAct::default()
        };
        assert_eq!(until(&act(None, Some(60_000)), NOW).unwrap().as_millis(), 1_060_000);
        for (act, field) in [
            (act(None, None), "until"),
            (act(Some(2_000_000), Some(1)), "until"),
            (act(Some(1_000_000), None), "until"),
            (act(None, Some(0)), "forMs"),
            (act(None, Some(u64::MAX)), "forMs"),
        ] {
            assert_eq!(until(&act, NOW).unwrap_err().errors[0].field.as_deref(), Some(field), "{act:?}");
        }
    }

    #[test]
    fn what_falls_due_is_counted_up_to_the_end_of_the_pause() {
        let forecast = Forecast { now: NOW, due: 7, minutes: vec![1; 60], hours: vec![60; 48], later: 1_000 };
        let until = |ms| plus(NOW, ms);
        assert_eq!(falling_due(&forecast, until(30_000)), 1);
        assert_eq!(falling_due(&forecast, until(600_000)), 11);
        assert_eq!(falling_due(&forecast, until(2 * 3_600_000)), 180);
        assert_eq!(falling_due(&forecast, until(LONGEST_MS)), 48 * 60 + 1_000);
    }
}
