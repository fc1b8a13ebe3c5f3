//! Stop firing for a while, and go on.

use common::internal::{Forecast, ScheduleState};
use maud::{Markup, html};

use super::super::{
    again::Again,
    deed::Deed,
    field::{Field, Kind, note},
    reader::Reader,
    words,
};

pub(in crate::pages) const PAUSE: &str = "pause";
pub(in crate::pages) const RESUME: &str = "resume";

/// For these lengths it is said how many fall due meanwhile.
const LENGTHS: [usize; 5] = [1, 5, 15, 30, 60];

/// The section.
pub(super) fn section(
    schedule: &ScheduleState,
    forecast: &Forecast,
    reader: &Reader,
    again: &Again,
) -> Markup {
    let is_paused = schedule.pause.as_ref().is_some_and(|pause| pause.paused);
    html! {
        h2 #pause { "Pause" }
        @match &schedule.pause {
            Some(pause) => p {
                (if is_paused { "Paused since " } else { "Was paused from " }) (words::near(pause.since, reader.now))
                " to " (words::near(pause.until, reader.now)) (if is_paused { " at most." } else { "." })
            },
            None => p { "Timers fire as they fall due." },
        }
        div.deeds {
            (pausing(forecast, is_paused).shown(reader, again))
            @if let Some(pause) = &schedule.pause { (resuming(pause.waiting, reader, again)) }
        }
    }
}

const RATE: Field<'static> = Field::new("rate", "Afterwards at most so many a second", Kind::Number)
    .hint("Of those that waited, by all workers together. Left empty: as fast as can be.");
const PAUSE_FIELDS: [Field<'static>; 4] = [
    Field::new("forMs", "For", Kind::Text).hint("With a unit, such as 10m."),
    Field::new("until", "Or until", Kind::Instant).hint("In UTC. Fill in one of the two."),
    RATE,
    note(false),
];

fn pausing(forecast: &Forecast, is_paused: bool) -> Deed<'static> {
    let within = |minutes: usize| forecast.minutes.iter().take(minutes).sum::<u64>();
    let terms = html! {
        p {
            "Within a second no worker takes a timer in hand any more, until then at most. All timers are kept, orders "
            "can still be paid and cancelled, and what has waited is fired afterwards."
        }
        p {
            "expiration decides, since it is its schedule; orders holds its own second timer back until those that "
            "waited are fired."
        }
        p {
            "How many fall due meanwhile, beside " (words::count(forecast.due)) " that are due already: "
            @for (at, minutes) in LENGTHS.into_iter().enumerate() {
                @if at > 0 { ", " }
                (words::count(within(minutes))) " in " (minutes) " min"
            }
            "."
        }
    };
    Deed {
        form: PAUSE,
        operation: Some("pauseSchedule"),
        action: String::from("/schedule/pause"),
        name: if is_paused { "Change the pause" } else { "Pause the schedule" },
        terms,
        fields: &PAUSE_FIELDS,
        fixed: &[],
        is_final: false,
    }
}

fn resuming(waiting: u64, reader: &Reader, again: &Again) -> Markup {
    let deed = Deed {
        form: RESUME,
        operation: Some("resumeSchedule"),
        action: String::from("/schedule/resume"),
        name: "Resume now",
        terms: html! {
            p {
                (words::of(waiting, "timer")) " that waited " (if waiting == 1 { "is" } else { "are" })
                " fired from now on; what falls due later, at once."
            }
            p { "expiration decides, since it is its schedule." }
        },
        fields: &[RATE, note(false)],
        fixed: &[],
        is_final: false,
    };
    deed.shown(reader, again)
}
