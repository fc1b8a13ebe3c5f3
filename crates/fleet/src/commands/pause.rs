//! `fleet pause` and `fleet resume`

use common::{
    internal::ScheduleState,
    operator::{PauseAct, ResumeAct},
};

use crate::{
    cli::{PauseArgs, ResumeArgs},
    client::Client,
    exit::{Exit, Failure},
    out::Out,
    shown::{count, instant, plain},
};

/// Stops firing.
pub(crate) async fn pause(client: &Client, out: &Out, args: PauseArgs) -> Result<Exit, Failure> {
    let act = PauseAct {
        until: args.until.map(crate::when::When::next),
        for_ms: args.for_span.map(|span| span.0.unsigned_abs()),
        rate: args.rate,
        note: args.note,
    };
    let state = client.pause_schedule(&act).await?;
    out.answer(&state.body, |_| text(&state.value));
    Ok(Exit::Done)
}

/// Goes on firing.
pub(crate) async fn resume(client: &Client, out: &Out, args: ResumeArgs) -> Result<Exit, Failure> {
    let state = client.resume_schedule(&ResumeAct { rate: args.rate, note: args.note }).await?;
    out.answer(&state.body, |_| text(&state.value));
    Ok(Exit::Done)
}

/// Whether timers fire, and what waits.
pub(super) fn text(state: &ScheduleState) -> String {
    let Some(pause) = &state.pause else { return "timers fire as they fall due".to_owned() };
    let now_ms = state.clocks.redis.as_millis();
    let rate = match pause.rate {
        Some(rate) => format!("at {} a second", count(rate.into())),
        None => "as fast as can be".to_owned(),
    };
    let (waiting, falling, by) = (count(pause.waiting), count(pause.falling_due), plain(&pause.by));
    if pause.paused {
        format!(
            "paused by {by} until {}\n{waiting} wait, {falling} more fall due until then; afterwards they are fired {rate}",
            instant(pause.until, now_ms)
        )
    } else {
        format!("the pause by {by} is over; {waiting} still wait and are being fired {rate}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(pause: &serde_json::Value) -> String {
        let clock = "2026-01-31T12:00:00.000Z";
        let mut state = json!({ "timers": 9, "pending": 5, "due": 4, "claimed": 0, "overdue": 0, "oldestDueAgeMs": 0,
            "clocks": { "redis": clock, "worker": clock } });
        if !pause.is_null() {
            state["pause"] = pause.clone();
        }
        text(&serde_json::from_value(state).unwrap())
    }

    #[test]
    fn a_pause_says_until_when_and_what_waits() {
        let mut pause = json!({ "paused": true, "since": "2026-01-31T11:59:00.000Z",
            "until": "2026-01-31T12:10:00.000Z", "rate": 1_000, "by": "eve", "waiting": 4, "fallingDue": 2_000 });
        let text = state(&pause);
        assert!(text.contains("by eve until 2026-01-31 12:10:00Z, in 10m"), "{text}");
        assert!(text.contains("4 wait, 2,000 more") && text.contains("at 1,000 a second"), "{text}");
        pause["paused"] = false.into();
        assert!(state(&pause).contains("still wait"), "{}", state(&pause));
        assert_eq!(state(&json!(null)), "timers fire as they fall due");
    }
}
