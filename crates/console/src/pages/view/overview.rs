//! `/`: is it well?

use common::operator::Status;
use maud::{Markup, html};

use super::{
    super::{live, page::Page, reader::Reader},
    consumer_table, figures, processes, trouble,
};

/// The page.
pub(in crate::pages) fn page(status: &Status, reader: &Reader) -> Page {
    let body = html! {
        (trouble::answer(status))
        (figures::switch(status))
        h2 { a href="/schedule" { "Schedule" } }
        @match &status.schedule {
            Some(schedule) => (figures::timers(schedule)),
            None => p { "expiration does not answer." },
        }
        h2 { "What waits for a person" }
        dl.tiles {
            (waiting("/dead-letters", "Dead letters", "deadLetters", status.dead_letters))
            (waiting("/payments", "Payments owed", "owed/count", status.owed.as_ref().map(|owed| owed.count)))
        }
        h2 { a href="/consumers" { "Consumers" } }
        (consumer_table::table_of(&status.consumers))
        h2 { "Outboxes" }
        (processes::outboxes(&status.outboxes))
        h2 { "Services" }
        (processes::services(&status.services, reader))
    };
    Page { live: Some("/api/live"), ..Page::new("Overview", body) }
}

fn waiting(path: &str, label: &str, place: &str, number: Option<u64>) -> Markup {
    html! {
        div {
            dt { a href=(path) { (label) } }
            dd { @match number { Some(number) => (live::count(place, number)), None => "not known" } }
        }
    }
}

#[cfg(test)]
pub(in crate::pages) mod tests {
    use common::{
        event::Timestamp,
        internal::{Clocks, ScheduleState},
        operator::OwedState,
    };

    use super::*;

    pub(in crate::pages) fn schedule() -> ScheduleState {
        let at = Timestamp::from_millis(1_769_860_800_000);
        ScheduleState {
            timers: 5_000_010,
            pending: 5_000_000,
            due: 7,
            claimed: 3,
            overdue: 2,
            oldest_due_age_ms: 1_500,
            clocks: Clocks { redis: at, worker: at },
            pause: None,
            checkpoint: None,
            rebuild: None,
            beyond_retention: 0,
        }
    }

    pub(in crate::pages) fn status() -> Status {
        Status {
            at: Timestamp::from_millis(1_769_860_800_000),
            well: true,
            troubles: vec![],
            schedule: Some(schedule()),
            dead_letters: Some(4),
            owed: Some(OwedState { count: 1, oldest: None }),
            outboxes: vec![],
            consumers: vec![],
            streams: vec![],
            services: vec![],
        }
    }

    #[test]
    fn every_figure_that_changes_names_its_place_for_the_script() {
        let page = page(&status(), &Reader::operator());
        assert_eq!(page.live, Some("/api/live"));
        let html = page.body.into_string();
        for part in [
            r#"data-v="schedule/pending">5,000,000<"#,
            r#"data-v="schedule/oldestDueAgeMs" data-as="age">1.5 s<"#,
            r#"data-v="deadLetters">4<"#,
            r#"aria-pressed="true""#,
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_shown_as_nothing() {
        let away = Status { schedule: None, dead_letters: None, owed: None, ..status() };
        let html = page(&away, &Reader::viewer()).body.into_string();
        assert!(html.contains("expiration does not answer.") && html.contains("not known"), "{html}");
    }
}
