//! What was lost, and is being or was brought back: by itself, but a person wants to know, and why it was lost nobody else finds
//! out.

use common::{
    internal::{RebuildState, ScheduleState, ToldAgain},
    operator::{OutboxReport, Status, Trouble},
};

use super::{later, urgent};
use crate::orders::text::{between, span};

/// A rebuild of a million timers takes seconds.
const LONG_REBUILD_MS: i64 = 60_000;
/// For so long a loss that is mended is told of.
const REMEMBERED_MS: i64 = 24 * 3_600_000;

/// What Redis has lost.
pub(super) fn of_schedule(schedule: &ScheduleState) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    troubles.extend(match &schedule.rebuild {
        Some(rebuild) => Some(of_rebuild(rebuild, schedule)),
        None => of_checkpoint(schedule),
    });
    if schedule.beyond_retention > 0 {
        let what = format!(
            "Timers due beyond the retention of the orders' stream: {}. No rebuild can bring them back.",
            schedule.beyond_retention
        );
        let next = "Keep Redis' files safe, and let orders expire within the stream's max_age.";
        troubles.push(later(what, next, "/schedule#rebuild"));
    }
    troubles
}

fn of_rebuild(rebuild: &RebuildState, schedule: &ScheduleState) -> Trouble {
    let ms = between(rebuild.since, schedule.clocks.redis).max(0);
    let RebuildState { by, last, left, .. } = rebuild;
    let what = match last {
        0 => format!(
            "A rebuild of the schedule is under way: {by} has been reading what has fired for {}.",
            span(ms)
        ),
        _ => format!(
            "A rebuild of the schedule is under way by {by} for {}; messages left to read: {left}.",
            span(ms)
        ),
    };
    if ms > LONG_REBUILD_MS {
        let next = "See the log of expiration, and whether Redis and the broker are slow.";
        return urgent(what, next, "/schedule#rebuild");
    }
    later(what, "Wait: timers fire meanwhile, and what was lost comes back.", "/schedule#rebuild")
}

/// A worker of a release that keeps none says nothing.
fn of_checkpoint(schedule: &ScheduleState) -> Option<Trouble> {
    let holds = schedule.checkpoint.as_ref().is_none_or(|checkpoint| checkpoint.holds);
    (!holds).then(|| {
        urgent(
            "No checkpoint of the schedule holds: Redis or the broker has lost something, or is new."
                .to_owned(),
            "A rebuild begins by itself within seconds; if not, the log of expiration says why.",
            "/schedule#rebuild",
        )
    })
}

/// What was lost of each service's events.
pub(super) fn of_outboxes(status: &Status) -> impl Iterator<Item = Trouble> {
    status.outboxes.iter().filter_map(|OutboxReport { service, state }| {
        let ToldAgain { at, events, since, .. } = state.as_ref()?.told_again?;
        if between(at, status.at) > REMEMBERED_MS {
            return None;
        }
        let what = format!(
            "The broker lost events of {service}, or a listener was away for too long; told again at {at}: {events}, all \
             that had changed since {since}."
        );
        let next = "It is mended; the log of the service says what was lost: find out how.";
        Some(later(what, next, "/consumers#outboxes"))
    })
}
