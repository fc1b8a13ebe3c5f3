//! What of the schedule is known to be safe, and its rebuild.

use common::internal::{CheckpointState, RebuildState, ScheduleState};
use maud::{Markup, html};

use super::super::{
    again::Again,
    deed::Deed,
    field::{Field, note},
    live,
    reader::Reader,
    words,
};

pub(in crate::pages) const REBUILD: &str = "rebuild";

/// The section.
pub(super) fn section(schedule: &ScheduleState, reader: &Reader, again: &Again) -> Markup {
    html! {
        h2 #rebuild { "What Redis has lost" }
        (checkpoint(schedule.checkpoint.as_ref(), reader))
        @if let Some(rebuild) = &schedule.rebuild { (progress(rebuild, reader)) }
        @if schedule.beyond_retention > 0 {
            p {
                strong.wrong { (words::of(schedule.beyond_retention, "timer")) " can’t be brought back by a rebuild" }
                ": due after the orders’ stream has forgotten the order."
            }
        }
        div.deeds { (rebuilding().shown(reader, again)) }
    }
}

fn checkpoint(checkpoint: Option<&CheckpointState>, reader: &Reader) -> Markup {
    html! {
        @match checkpoint {
            Some(checkpoint) if checkpoint.holds => p {
                "Nothing: the timer of every message of the orders’ stream up to "
                (live::count("schedule/checkpoint/sequence", checkpoint.sequence))
                " is in Redis. That one was stored at " (words::near(checkpoint.stored, reader.now)) "."
            },
            Some(_) => p {
                strong.wrong { "No checkpoint holds" }
                ": Redis has lost something, or is new. A rebuild begins by itself within seconds."
            },
            None => p { "Not known: expiration is of a release that keeps no checkpoint." },
        }
    }
}

fn progress(rebuild: &RebuildState, reader: &Reader) -> Markup {
    html! {
        p {
            "A rebuild by " bdi { (rebuild.by) } " since " (words::near(rebuild.since, reader.now)) ": it reads what has fired, then the orders’ stream. It is at message "
            (live::count_at_times("schedule/rebuild/applied", Some(rebuild.applied))) " of "
            (live::count_at_times("schedule/rebuild/last", Some(rebuild.last))) "."
        }
    }
}

const FIELDS: [Field<'static>; 1] = [note(false)];

fn rebuilding() -> Deed<'static> {
    let terms = html! {
        p {
            "A worker reads the orders’ stream from its beginning, and what has fired; it sets each timer that is missing, and takes "
            "away each whose order was cancelled. Timers fire meanwhile. When Redis has lost something one begins by itself: by hand it is for a "
            "doubt."
        }
        p { "expiration decides, since it is its schedule." }
    };
    Deed {
        form: REBUILD,
        operation: Some("rebuildSchedule"),
        action: String::from("/schedule/rebuild"),
        name: "Rebuild the schedule",
        terms,
        fields: &FIELDS,
        fixed: &[],
        is_final: false,
    }
}

#[cfg(test)]
mod tests {
    use common::event::Timestamp;

    use super::{super::overview::tests::schedule, *};

    fn shown(schedule: &ScheduleState, reader: &Reader) -> String {
        section(schedule, reader, &Again::default()).into_string()
    }

    #[test]
    fn a_checkpoint_that_holds_says_up_to_where_and_one_that_does_not_what_comes_of_it() {
        let at = Timestamp::from_millis(1_769_860_799_000);
        let with = |holds| ScheduleState {
            checkpoint: Some(CheckpointState { holds, sequence: 1_200, stored: at }),
            ..schedule()
        };
        let html = shown(&with(true), &Reader::viewer());
        assert!(html.contains(">1,200<") && html.contains("1.0 s ago") && !html.contains("<form"), "{html}");
        let html = shown(&with(false), &Reader::viewer());
        assert!(html.contains("No checkpoint holds") && !html.contains("1,200"), "{html}");
        assert!(shown(&schedule(), &Reader::viewer()).contains("Not known"));
    }

    #[test]
    fn a_rebuild_shows_who_does_it_and_how_far_it_is_and_is_begun_by_a_form() {
        let rebuild = RebuildState {
            by: "<b>expiration-1".into(),
            since: Timestamp::from_millis(1_769_860_790_000),
            applied: 300_000,
            last: 1_200_000,
            left: 900_000,
        };
        let state = ScheduleState { rebuild: Some(rebuild), beyond_retention: 2, ..schedule() };
        let html = shown(&state, &Reader::operator());
        for part in [
            "&lt;b&gt;expiration-1",
            r#"data-v="schedule/rebuild/applied" data-none="–">300,000<"#,
            ">1,200,000<",
            "2 timers can’t be brought back",
            r#"data-operation="rebuildSchedule""#,
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
