//! One act on many, in words.

use common::operator::{Operation, OperationAction, OperationState};

use crate::{
    shown::{count, instant, plain, some},
    style::Style,
    table::Table,
};

/// What became of it.
pub(super) fn text(operation: &Operation, now_ms: i64, style: Style) -> String {
    let what = format!("{} {}", deed(operation.action), some(operation.count, thing(operation.action)));
    let state = state(operation.state);
    let state = if operation.state == OperationState::Done && operation.failed == 0 {
        style.good(state)
    } else if matches!(operation.state, OperationState::Planned | OperationState::Running) {
        state.to_owned()
    } else {
        style.bad(state)
    };
    let mut lines = vec![
        format!("{} {}: {what}, {state}", style.bold("operation"), operation.id),
        format!("by {}, planned {}", plain(&operation.by), instant(operation.planned_at, now_ms)),
        format!(
            "{} done, {} had nothing to do any more, {} failed",
            count(operation.done),
            count(operation.skipped),
            count(operation.failed)
        ),
    ];
    lines.extend(operation.ended_at.map(|at| format!("ended {}", instant(at, now_ms))));
    if !operation.failures.is_empty() {
        let mut table = Table::new(&["failed", "why"]);
        for failure in &operation.failures {
            table.row([failure.item.clone(), failure.reason.clone()]);
        }
        lines.push(table.text(style));
    }
    lines.join("\n")
}

/// As a word.
pub(super) const fn state(state: OperationState) -> &'static str {
    match state {
        OperationState::Planned => "planned",
        OperationState::Running => "running",
        OperationState::Done => "done",
        OperationState::Aborted => "aborted",
        OperationState::Failed => "failed",
    }
}

/// What is done.
pub(super) const fn deed(action: OperationAction) -> &'static str {
    match action {
        OperationAction::FireTimers => "fire",
        OperationAction::MoveTimers => "move",
        OperationAction::CancelTimers => "cancel",
        OperationAction::ReplayDeadLetters => "replay",
        OperationAction::DiscardDeadLetters => "discard",
        OperationAction::RetellEvents => "tell again",
    }
}

/// To what.
pub(super) const fn thing(action: OperationAction) -> &'static str {
    match action {
        OperationAction::FireTimers | OperationAction::MoveTimers | OperationAction::CancelTimers => "timer",
        OperationAction::ReplayDeadLetters | OperationAction::DiscardDeadLetters => "dead letter",
        OperationAction::RetellEvents => "event",
    }
}
