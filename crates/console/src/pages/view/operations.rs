//! `/operations`: acts on many, of the last hours.

use common::operator::{OperationAction, OperationState, Operations};
use maud::html;

use super::super::{
    link,
    page::Page,
    reader::Reader,
    table::{nothing, table},
    words,
};

const COLUMNS: [&str; 6] = ["What", "State", "By", "Planned", "Done", "Failed"];

/// The page.
pub(in crate::pages) fn page(operations: &Operations, reader: &Reader) -> Page {
    let rows = html! {
        @for operation in &operations.operations {
            tr {
                th scope="row" {
                    a href=(link::operation(&operation.id)) {
                        (action(operation.action)) ": " (words::count(operation.count))
                    }
                }
                td { (state(operation.state)) }
                td { bdi { (operation.by) } }
                td { (words::near(operation.planned_at, reader.now)) }
                td.number { (words::count(operation.done)) " of " (words::count(operation.count)) }
                td.number { (words::count(operation.failed)) }
            }
        }
    };
    let body = html! {
        section data-operation="listOperations" {
            h1 { "Operations" }
            p {
                "Acts on many, of the last hours. They begin on " a href="/schedule#many" { "Schedule" } ", "
                a href="/dead-letters" { "Dead letters" } " and " a href="/consumers#outboxes" { "Consumers" } "."
            }
            @if operations.operations.is_empty() { (nothing("There was none.")) }
            @else { (table("Operations", &COLUMNS, &rows)) }
        }
    };
    Page::new("Operations", body)
}

/// What is done, in words.
pub(super) const fn action(action: OperationAction) -> &'static str {
    match action {
        OperationAction::FireTimers => "Fire timers",
        OperationAction::MoveTimers => "Move timers",
        OperationAction::CancelTimers => "Cancel timers",
        OperationAction::ReplayDeadLetters => "Replay dead letters",
        OperationAction::DiscardDeadLetters => "Discard dead letters",
        OperationAction::RetellEvents => "Tell events again",
    }
}

/// How far it has come, in words.
pub(super) const fn state(state: OperationState) -> &'static str {
    match state {
        OperationState::Planned => "planned, not confirmed",
        OperationState::Running => "running",
        OperationState::Done => "done",
        OperationState::Aborted => "aborted",
        OperationState::Failed => "failed",
    }
}
