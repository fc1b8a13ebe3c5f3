//! How many timers there are, and the switch of what is live.

use common::{internal::ScheduleState, operator::Status};
use maud::{Markup, html};

use super::super::{live, words};

/// What stops and starts the live figures; without a script there is nothing to stop.
pub(super) fn switch(status: &Status) -> Markup {
    html! {
        p.live #live data-operation="streamStatus" {
            span #as-of { "As of " (words::instant(status.at)) "." } " "
            button.quiet #switch hidden type="button" aria-pressed="true" { "Live updates" }
            span #connection {}
        }
    }
}

/// How many timers there are, and how they are.
pub(super) fn timers(schedule: &ScheduleState) -> Markup {
    let tile = |label: &str, value: Markup| html! { div { dt { (label) } dd { (value) } } };
    html! {
        dl.tiles {
            (tile("Pending", live::count("schedule/pending", schedule.pending)))
            (tile("Due", live::count("schedule/due", schedule.due)))
            (tile("Claimed", live::count("schedule/claimed", schedule.claimed)))
            (tile("Overdue", live::count("schedule/overdue", schedule.overdue)))
            (tile("Oldest due", live::age("schedule/oldestDueAgeMs", schedule.oldest_due_age_ms)))
            (tile("Checkpoint holds", live::yes("schedule/checkpoint/holds", schedule.checkpoint.map(|it| it.holds))))
            (tile("Rebuild: left to read", live::count_at_times("schedule/rebuild/left", schedule.rebuild.as_ref().map(|it| it.left))))
        }
    }
}
