//! `/operations/{id}`: what is counted, its confirmation, and how far it has come.

use common::operator::{Operation, OperationAction, OperationState};
use maud::{Markup, html};

use super::{
    super::{
        again::Again,
        deed::Deed,
        field::{Field, Kind},
        link,
        page::Page,
        reader::Reader,
        table::{facts, table},
        words,
    },
    operations::{action, state},
};

pub(in crate::pages) const CONFIRM: &str = "confirm";
pub(in crate::pages) const ABORT: &str = "abort";

/// The page. With `refreshes`, it comes again by itself without a script, because its reader wants it so.
pub(in crate::pages) fn page(operation: &Operation, reader: &Reader, again: &Again, refreshes: bool) -> Page {
    let here = link::operation(&operation.id);
    let is_running = operation.state == OperationState::Running;
    let body = html! {
        (again.summary(&["count"]))
        section data-operation="getOperation" {
            h1 { (action(operation.action)) }
            div #progress data-state=(state(operation.state)) data-running[is_running] { (progress(operation, reader)) }
            @if is_running {
                noscript {
                    p {
                        @if refreshes { "This page comes again every 2 seconds. " a href=(here) { "Stop that" } }
                        @else { a href=(here) { "Look again" } " or " a href={ (here) "?refresh=1" } { "every 2 seconds" } }
                    }
                }
            }
            (deeds(operation, reader, again))
            h2 { (if is_whole(operation.action) { "Which" } else { "Some of them" }) }
            ul.samples { @for sample in &operation.samples { li { (item(operation.action, sample)) } } }
        }
    };
    let watched = is_running.then_some("progress");
    Page { watched, ..Page::new(format!("{}: {}", action(operation.action), state(operation.state)), body) }
}

fn progress(operation: &Operation, reader: &Reader) -> Markup {
    let over = operation.done + operation.skipped + operation.failed;
    let mut all = vec![
        ("State", html! { strong { (state(operation.state)) } }),
        ("How many", html! { (words::count(operation.count)) (counted(operation.action)) }),
        ("Planned", html! { (words::near(operation.planned_at, reader.now)) " by " bdi { (operation.by) } }),
    ];
    if operation.state != OperationState::Planned {
        all.push(("Done", html! { (words::count(operation.done)) }));
        all.push(("Nothing to do any more", html! { (words::count(operation.skipped)) }));
        all.push(("Failed", html! { (words::count(operation.failed)) }));
    }
    if let Some(at) = operation.ended_at {
        all.push(("Ended", words::near(at, reader.now)));
    }
    let failures = html! {
        @for failure in &operation.failures {
            tr {
                th scope="row" { (item(operation.action, &failure.item)) }
                td.text { (failure.reason) }
            }
        }
    };
    html! {
        (facts(&all))
        @if operation.state == OperationState::Running {
            label for="bar" { "Progress" } " "
            progress #bar max=(operation.count) value=(over) { (words::count(over)) " of " (words::count(operation.count)) }
        }
        @if !operation.failures.is_empty() {
            h2 { "Could not be done" }
            (table("Could not be done", &["Which", "Why"], &failures))
        }
    }
}

/// Whether a service does it in one go: to what it finds then, and to no items that could be named.
fn is_whole(of: OperationAction) -> bool {
    of == OperationAction::RetellEvents
}

fn counted(of: OperationAction) -> &'static str {
    if is_whole(of) {
        " when they were counted; what changes until it is done is told too"
    } else {
        ", as they were when they were counted"
    }
}

/// One of those it is about, with the way to its page if it has one.
fn item(of: OperationAction, item: &str) -> Markup {
    let page = match of {
        OperationAction::RetellEvents => return html! { (item) },
        OperationAction::ReplayDeadLetters | OperationAction::DiscardDeadLetters => {
            item.parse().map_or_else(|_| String::from("/dead-letters"), link::letter)
        }
        _ => link::order(item),
    };
    html! { a.id href=(page) { (item) } }
}

fn decides(of: OperationAction) -> &'static str {
    match of {
        OperationAction::ReplayDeadLetters | OperationAction::DiscardDeadLetters => {
            "You decide, since a dead letter waits for a person. A replay goes to the letter’s own consumer alone, with its \
             first message id."
        }
        OperationAction::RetellEvents => {
            "The service decides, since they are its events. It tells them in one go, which can’t be stopped half-way; listeners \
             know what they have had."
        }
        _ => {
            "Of each that is an order of ours, orders decides, because it checks the order’s time itself; of another \
             service’s, expiration alone."
        }
    }
}

fn deeds(operation: &Operation, reader: &Reader, again: &Again) -> Markup {
    let here = link::operation(&operation.id);
    let abort = |name, terms| Deed {
        form: ABORT,
        operation: Some("abortOperation"),
        action: format!("{here}/abort"),
        name,
        terms,
        fields: &[],
        fixed: &[],
        is_final: false,
    };
    html! {
        @if reader.may_act() {
            @match operation.state {
                OperationState::Planned => {
                    (confirm(operation, here.as_str()).bare(reader, again))
                    (abort("Forget it", html! {
                        p { "Nothing was done, and nothing will be. By itself it is forgotten after ten minutes." }
                    }).bare(reader, again))
                }
                OperationState::Running if !is_whole(operation.action) => {
                    (abort("Stop", html! { p { "What was done stays done; the rest is left as it is." } }).bare(reader, again))
                }
                _ => {}
            }
        }
    }
}

const COUNT: [Field<'static>; 1] =
    [Field::new("count", "Type the count to confirm", Kind::Number).required()];

fn confirm(operation: &Operation, here: &str) -> Deed<'static> {
    let is_final = !matches!(
        operation.action,
        OperationAction::MoveTimers | OperationAction::ReplayDeadLetters | OperationAction::RetellEvents
    );
    let terms = html! {
        p {
            (action(operation.action)) ": " strong { (words::count(operation.count)) }
            (if is_whole(operation.action) { ", and what changes until it is done." } else { ", those that were counted and no others." })
        }
        p { (decides(operation.action)) }
    };
    Deed {
        form: CONFIRM,
        operation: Some("confirmOperation"),
        action: format!("{here}/confirm"),
        name: "Confirm and begin",
        terms,
        fields: &COUNT,
        fixed: &[],
        is_final,
    }
}

#[cfg(test)]
mod tests {
    use common::{event::Timestamp, operator::OperationFailure};

    use super::*;

    fn operation(state: OperationState) -> Operation {
        Operation {
            id: "op/1".into(),
            action: OperationAction::ReplayDeadLetters,
            state,
            by: "ann".into(),
            planned_at: Timestamp::from_millis(1_769_860_790_000),
            count: 12_000,
            samples: vec!["7".into()],
            done: 3_000,
            skipped: 20,
            failed: 1,
            failures: vec![OperationFailure { item: "9".into(), reason: "<b>away".into() }],
            ended_at: None,
        }
    }

    fn shown(state: OperationState, reader: &Reader) -> Page {
        page(&operation(state), reader, &Again::default(), false)
    }

    #[test]
    fn what_is_planned_says_how_many_and_begins_only_with_that_count_typed() {
        let html = shown(OperationState::Planned, &Reader::operator()).body.into_string();
        for part in [
            "12,000",
            "Type the count to confirm",
            r#"action="/operations/op%2F1/confirm""#,
            r#"href="/dead-letters/7""#,
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!shown(OperationState::Planned, &Reader::viewer()).body.into_string().contains("<form"));
    }

    #[test]
    fn what_runs_shows_its_progress_and_can_be_stopped() {
        let page = shown(OperationState::Running, &Reader::operator());
        assert_eq!(page.watched, Some("progress"));
        let html = page.body.into_string();
        for part in [r#"<progress id="bar" max="12000" value="3021">"#, "abortOperation", "&lt;b&gt;away"] {
            assert!(html.contains(part), "{part}: {html}");
        }
        let done = shown(OperationState::Done, &Reader::operator());
        assert!(done.watched.is_none() && !done.body.into_string().contains("<form"));
    }
}
