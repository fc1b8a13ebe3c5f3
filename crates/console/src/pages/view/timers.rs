//! A list of timers by due time, with paging.

use common::internal::{Timer, TimerPage};
use maud::{Markup, html};

use super::{
    super::{
        link,
        reader::Reader,
        table::{nothing, table},
        words,
    },
    timer,
};

/// What the list is narrowed to, as it was typed.
#[derive(Clone, Debug, Default)]
pub(in crate::pages) struct Filter {
    pub(in crate::pages) from: String,
    pub(in crate::pages) to: String,
    /// What is wrong with one of them.
    pub(in crate::pages) wrong: Option<String>,
}

const COLUMNS: [&str; 4] = ["Order", "Fires", "State", "In the hands of"];

/// The section.
pub(super) fn section(page: &TimerPage, filter: &Filter, reader: &Reader) -> Markup {
    let field = |name: &str, label: &str, value: &str| {
        html! {
            div.field {
                label for={ "list-" (name) } { (label) }
                input id={ "list-" (name) } name=(name) type="datetime-local" step="1" value=[Some(value).filter(|text| !text.is_empty())]
                    aria-describedby=[filter.wrong.as_ref().map(|_| "list-error")];
            }
        }
    };
    html! {
        section #list data-operation="listTimers" {
            h2 { "Timers" }
            form.filter action="/schedule#list" {
                (field("from", "Due from (UTC)", &filter.from))
                (field("to", "Due before (UTC)", &filter.to))
                p.actions { button { "Show" } }
            }
            @if let Some(wrong) = &filter.wrong { p.error #list-error role="alert" { (wrong) } }
            @if page.timers.is_empty() { (nothing("No timer is due then.")) }
            @else { (table("Timers by due time", &COLUMNS, &html! { @for timer in &page.timers { (row(timer, reader)) } })) }
            @if let Some(next) = &page.next {
                p.pager { a.button.quiet rel="next" href=(later(filter, next)) { "Later ones" } }
            }
        }
    }
}

fn later(filter: &Filter, after: &str) -> String {
    let query = [("from", filter.from.as_str()), ("to", filter.to.as_str()), ("after", after)];
    format!("{}#list", link::query("/schedule", &query))
}

fn row(each: &Timer, reader: &Reader) -> Markup {
    let holder =
        each.claim.as_ref().map(|claim| claim.by.as_deref().unwrap_or("a worker of an older release"));
    html! {
        tr {
            th scope="row" { a.id href=(link::order(each.id.as_str())) { (each.id) } }
            td { (words::near(each.due_at, reader.now)) }
            td { (timer::state(each.state)) }
            td { (holder.unwrap_or_default()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use common::{event::Timestamp, internal::TimerState};

    use super::*;

    #[test]
    fn the_next_page_keeps_the_filter_and_encodes_the_cursor() {
        let due_at = Timestamp::from_millis(1_769_860_860_000);
        let timer = Timer { id: "o-1".parse().unwrap(), due_at, state: TimerState::Pending, claim: None };
        let page = TimerPage { timers: vec![timer], next: Some("a&b".into()) };
        let filter = Filter { from: "2026-01-31T12:00".into(), ..Filter::default() };
        let html = section(&page, &filter, &Reader::viewer()).into_string();
        for part in [r#"href="/orders/o-1""#, "in 1 min 0 s", "from=2026-01-31T12%3A00&amp;after=a%26b#list"]
        {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    #[test]
    fn what_is_no_instant_is_said_at_the_list() {
        let filter = Filter {
            from: "\"><script>".into(),
            wrong: Some("“x” is not an instant".into()),
            ..Filter::default()
        };
        let html = section(&TimerPage::default(), &filter, &Reader::viewer()).into_string();
        assert!(html.contains("is not an instant") && !html.contains("<script>"), "{html}");
    }
}
