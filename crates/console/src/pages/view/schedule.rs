//! `/schedule`: how many timers fall due when, and what can be done with many of them.

use common::internal::{Forecast, ScheduleState, TimerPage};
use maud::{Markup, html};

use super::{
    super::{
        again::Again,
        chart::Chart,
        deed::Deed,
        field::{Field, Kind, note},
        page::Page,
        reader::Reader,
        words,
    },
    figures, pause, rebuild,
    timers::{self, Filter},
};

pub(in crate::pages) const PLAN: &str = "plan";

/// What the page is made of. Where `expiration` does not answer, the page says so instead.
#[derive(Debug)]
pub(in crate::pages) struct Shown<'a> {
    pub(in crate::pages) schedule: &'a ScheduleState,
    pub(in crate::pages) forecast: &'a Forecast,
    pub(in crate::pages) timers: &'a TimerPage,
    pub(in crate::pages) filter: &'a Filter,
}

/// The page.
pub(in crate::pages) fn page(shown: &Shown<'_>, reader: &Reader, again: &Again) -> Page {
    let fields = ["dueFrom", "dueTo", "ids", "byMs", "to", "note", "until", "forMs", "rate"];
    let body = html! {
        (again.summary(&fields))
        h1 { "Schedule" }
        div data-operation="getSchedule" { (figures::timers(shown.schedule)) (clocks(shown.schedule)) }
        section #due data-operation="forecastTimers" {
            h2 { "What falls due when" }
            p {
                (words::of(shown.forecast.due, "timer")) " due already, "
                (words::count(shown.forecast.later)) " later than in 48 hours."
            }
            (Chart { id: "minutes", title: "The next 60 minutes", unit: "minute", values: &shown.forecast.minutes, every: 10 }.shown())
            (Chart { id: "hours", title: "The next 48 hours", unit: "hour", values: &shown.forecast.hours, every: 6 }.shown())
        }
        (pause::section(shown.schedule, shown.forecast, reader, again))
        (rebuild::section(shown.schedule, reader, again))
        (timers::section(shown.timers, shown.filter, reader))
        h2 #many { "Act on many" }
        @if reader.may_act() { (plan(shown.filter, reader, again)) (from_file()) }
        @else { p.hint { "Operators can fire, move and cancel all timers that match." } }
    };
    Page { live: Some("/api/live"), ..Page::new("Schedule", body) }
}

fn clocks(schedule: &ScheduleState) -> Markup {
    let apart = schedule.clocks.worker.as_millis() - schedule.clocks.redis.as_millis();
    html! {
        p.hint {
            "Timers fire by the slower one of two clocks: Redis’, " (words::instant(schedule.clocks.redis))
            ", and the worker’s, which is " (words::span(apart)) " ahead of it."
        }
    }
}

/// The form that counts what matches.
fn plan(filter: &Filter, reader: &Reader, again: &Again) -> Markup {
    let chosen = again.text(PLAN, "action").unwrap_or("moveTimers");
    let choice = |value: &str, label: &str| {
        html! {
            label.check for={ "plan-" (value) } {
                input id={ "plan-" (value) } type="radio" name="action" value=(value) checked[chosen == value];
                (label)
            }
        }
    };
    let terms = html! {
        p {
            "Nothing is done yet: you see how many match and some of them, and confirm with their count. Timers that "
            "are set later are not taken."
        }
        p {
            "Of each that is an order of ours, orders decides; of another service’s, expiration alone: firing one "
            "of ours before its time would be early and change nothing."
        }
        fieldset {
            legend { "What" }
            (choice("fireTimers", "Fire now (orders of ours are cancelled)"))
            (choice("moveTimers", "Move (orders of ours: later only)"))
            (choice("cancelTimers", "Cancel"))
        }
    };
    let deed = Deed {
        form: PLAN,
        operation: Some("planOperation"),
        action: String::from("/schedule/plan"),
        name: "Count what matches",
        terms,
        fields: &[
            Field::new("dueFrom", "Due from", Kind::Instant).hint("In UTC.").value(&filter.from),
            Field::new("dueTo", "Due before", Kind::Instant).hint("In UTC.").value(&filter.to),
            Field::new("ids", "Only these orders", Kind::Lines(4))
                .hint("One id a line, at most 1,000,000. With times above: those of them that are due then."),
            Field::new("byMs", "Move by", Kind::Text).hint("With a unit, such as 10m."),
            Field::new("to", "Or move to", Kind::Instant).hint("In UTC."),
            note(false),
        ],
        fixed: &[],
        is_final: false,
    };
    deed.bare(reader, again)
}

/// A script reads the file into the field; without one, its lines are pasted.
fn from_file() -> Markup {
    html! {
        div.field hidden data-script {
            label for="ids-file" { "Take the ids from a file" }
            input #ids-file type="file" accept=".txt,.csv,text/plain" data-into="plan-ids";
        }
    }
}

#[cfg(test)]
mod tests {
    use common::event::Timestamp;

    use super::{super::overview::tests::schedule, *};

    fn forecast() -> Forecast {
        let now = Timestamp::from_millis(1_769_860_800_000);
        Forecast { now, due: 7, minutes: vec![2; 60], hours: vec![120; 48], later: 9 }
    }

    fn shown(reader: &Reader) -> String {
        let (schedule, forecast) = (schedule(), forecast());
        let (timers, filter) = (TimerPage::default(), Filter::default());
        let shown = Shown { schedule: &schedule, forecast: &forecast, timers: &timers, filter: &filter };
        page(&shown, reader, &Again::default()).body.into_string()
    }

    #[test]
    fn the_page_draws_an_hour_and_two_days_and_counts_before_it_acts() {
        let html = shown(&Reader::operator());
        for part in [
            "120 in the next 60 minutes",
            "5,760 in the next 48 hours",
            "7 timers due already",
            "Nothing is done yet",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        for operation in [
            "getSchedule",
            "forecastTimers",
            "listTimers",
            "planOperation",
            "pauseSchedule",
            "rebuildSchedule",
        ] {
            assert!(html.contains(&format!("data-operation=\"{operation}\"")), "{operation}");
        }
    }

    #[test]
    fn a_viewer_sees_the_same_without_forms_that_act() {
        let html = shown(&Reader::viewer());
        assert!(html.contains("The next 60 minutes") && !html.contains("method=\"post\""), "{html}");
    }
}
