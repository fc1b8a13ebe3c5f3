//! `fleet rebuild`: begin a rebuild of the schedule, and watch it.

use std::{pin::pin, time::Duration};

use common::{
    internal::{RebuildAnswer, RebuildState, ScheduleState},
    operator::Act,
};

use super::patience::Patience;
use crate::{
    cli::RebuildArgs,
    client::{Answer, Client},
    exit::{Exit, Failure},
    out::Out,
    shown::{absolute, count, plain, some},
};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);

/// Begins it, and watches it until what was lost is back.
pub(crate) async fn run(client: &Client, out: &Out, args: RebuildArgs) -> Result<Exit, Failure> {
    let begun = client.rebuild_schedule(&Act { note: args.note }).await?;
    if args.no_wait {
        out.answer(&begun.body, |_| beginning(begun.value).to_owned());
        return Ok(Exit::Done);
    }
    if !begun.value.begun {
        out.note(beginning(begun.value));
    }
    let Some(ended) = watch(client, out).await? else {
        out.note("the rebuild goes on without this");
        return Ok(Exit::Interrupted);
    };
    out.answer(&ended.body, |_| rebuilt(&ended.value));
    Ok(Exit::Done)
}

const fn beginning(answer: RebuildAnswer) -> &'static str {
    if answer.begun { "a rebuild has begun" } else { "a rebuild was under way already, and goes on" }
}

/// The schedule when it is rebuilt; none: Ctrl-C came before.
async fn watch(client: &Client, out: &Out) -> Result<Option<Answer<ScheduleState>>, Failure> {
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    let (mut patience, mut progress) =
        (Patience::new("the rebuild goes on without this"), Progress::default());
    loop {
        match client.get_schedule().await {
            Ok(seen) if is_rebuilt(&seen.value) => {
                out.progress("100 %", true);
                return Ok(Some(seen));
            }
            Ok(seen) => {
                patience.answered();
                out.progress(&progress.line(seen.value.rebuild.as_ref()), false);
            }
            Err(failure) => patience.lost(failure, out)?,
        }
        tokio::select! {
            _ = &mut interrupt => return Ok(None),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Only a rebuild makes a checkpoint that holds again.
fn is_rebuilt(schedule: &ScheduleState) -> bool {
    schedule.rebuild.is_none() && schedule.checkpoint.is_none_or(|checkpoint| checkpoint.holds)
}

/// How far it is, of what was left to read when it was seen first.
#[derive(Debug, Default)]
struct Progress {
    most: u64,
}

impl Progress {
    fn line(&mut self, rebuild: Option<&RebuildState>) -> String {
        let Some(RebuildState { by, last, left, .. }) = rebuild else {
            return "  0 %  no worker has it in hand yet".to_owned();
        };
        if *last == 0 {
            return format!("  0 %  {} reads what has fired", plain(by));
        }
        // The stream grows meanwhile.
        self.most = self.most.max(*left);
        let share = ((self.most - left) * 100).checked_div(self.most).unwrap_or_default();
        format!("{share:>3} %  {} left to read by {}", some(*left, "message"), plain(by))
    }
}

fn rebuilt(schedule: &ScheduleState) -> String {
    let timers = some(schedule.timers, "timer");
    match &schedule.checkpoint {
        Some(checkpoint) => format!(
            "rebuilt: {timers}, with that of every message of the orders' stream up to {}, stored {}",
            count(checkpoint.sequence),
            absolute(checkpoint.stored)
        ),
        None => format!("rebuilt: {timers}"),
    }
}

/// What `fleet status` says of it; nothing where all is as it should be.
pub(super) fn text(schedule: &ScheduleState) -> Option<String> {
    match (&schedule.rebuild, &schedule.checkpoint) {
        (Some(rebuild), _) if rebuild.last == 0 => {
            Some(format!("being rebuilt by {}: it reads what has fired", plain(&rebuild.by)))
        }
        (Some(rebuild), _) => Some(format!(
            "being rebuilt by {}: read up to message {} of {}, {} left",
            plain(&rebuild.by),
            count(rebuild.applied),
            count(rebuild.last),
            count(rebuild.left)
        )),
        (None, Some(checkpoint)) if checkpoint.holds => {
            let (sequence, stored) = (count(checkpoint.sequence), absolute(checkpoint.stored));
            Some(format!(
                "checkpoint holds: every timer up to message {sequence} of the orders' stream, stored {stored}"
            ))
        }
        (None, Some(_)) => Some("no checkpoint holds: Redis has lost something, or is new".to_owned()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const AT: &str = "2026-01-31T12:00:00.000Z";

    fn schedule(more: &serde_json::Value) -> ScheduleState {
        let mut state = json!({ "timers": 9, "pending": 9, "due": 0, "claimed": 0, "overdue": 0, "oldestDueAgeMs": 0,
            "clocks": { "redis": AT, "worker": AT } });
        state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(state).unwrap()
    }

    fn rebuild(left: u64) -> RebuildState {
        RebuildState {
            by: "expiration-1\u{1b}".to_owned(),
            since: AT.parse().unwrap(),
            applied: 10,
            last: 40,
            left,
        }
    }

    #[test]
    fn progress_is_a_share_of_what_was_left_at_first() {
        let mut progress = Progress::default();
        assert_eq!(progress.line(None), "  0 %  no worker has it in hand yet");
        assert_eq!(
            progress.line(Some(&rebuild(1_200))),
            "  0 %  1,200 messages left to read by expiration-1\u{fffd}"
        );
        assert_eq!(progress.line(Some(&rebuild(1))), " 99 %  1 message left to read by expiration-1\u{fffd}");
        assert!(progress.line(Some(&rebuild(2_400))).starts_with("  0 %"));
        let reading = RebuildState { applied: 0, last: 0, ..rebuild(0) };
        assert_eq!(progress.line(Some(&reading)), "  0 %  expiration-1\u{fffd} reads what has fired");
        assert!(Progress::default().line(Some(&rebuild(0))).starts_with("  0 %"));
    }

    #[test]
    fn it_is_rebuilt_when_none_is_under_way_and_the_checkpoint_holds() {
        let checkpoint =
            |holds: bool| json!({ "checkpoint": { "holds": holds, "sequence": 1_200, "stored": AT } });
        assert!(is_rebuilt(&schedule(&checkpoint(true))) && !is_rebuilt(&schedule(&checkpoint(false))));
        let mut under_way = schedule(&checkpoint(true));
        under_way.rebuild = Some(rebuild(3));
        assert!(!is_rebuilt(&under_way) && is_rebuilt(&schedule(&json!({}))));
        assert!(text(&under_way).unwrap().contains("read up to message 10 of 40, 3 left"), "{under_way:?}");
        assert!(text(&schedule(&checkpoint(false))).unwrap().starts_with("no checkpoint holds"));
        assert!(
            rebuilt(&schedule(&checkpoint(true)))
                .contains("9 timers, with that of every message of the orders' stream up to 1,200")
        );
        assert_eq!(text(&schedule(&json!({}))), None);
    }
}
