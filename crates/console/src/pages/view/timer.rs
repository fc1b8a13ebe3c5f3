//! An order's timer, and what can be done about it.

use common::{
    event::OrderStatus,
    internal::{Timer, TimerState},
    operator::OrderReport,
};
use maud::{Markup, html};

use super::super::{
    again::Again,
    deed::Deed,
    field::{Field, Kind, note},
    link,
    reader::Reader,
    table::facts,
    words,
};

pub(in crate::pages) const FIRE: &str = "fire";
pub(in crate::pages) const MOVE: &str = "move";
pub(in crate::pages) const CANCEL: &str = "cancel";

/// Who decides about this order, and so what can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// An unpaid order of ours.
    Ours,
    /// An order of another service, whose timer is here.
    Foreign,
    /// Nothing is to be decided any more, or it is not known by whom.
    Settled,
}

fn standing(report: &OrderReport) -> Standing {
    match (&report.order, &report.timer) {
        (Some(order), _) if matches!(order.status, OrderStatus::Created | OrderStatus::AwaitingPayment) => {
            Standing::Ours
        }
        (None, Some(_)) if !report.missing.iter().any(|service| service == "orders") => Standing::Foreign,
        _ => Standing::Settled,
    }
}

/// The section.
pub(super) fn section(report: &OrderReport, reader: &Reader, again: &Again) -> Markup {
    html! {
        h2 #timer { "Timer" }
        @match &report.timer {
            Some(timer) => (shown(timer, reader)),
            None => p { "No timer is set: it has fired, was cancelled, or never was." },
        }
        @match standing(report) {
            Standing::Settled => p.hint { "There is nothing to move, fire or cancel." },
            standing => (deeds(report, standing, reader, again)),
        }
    }
}

/// In a word.
pub(super) const fn state(state: TimerState) -> &'static str {
    match state {
        TimerState::Pending => "pending",
        TimerState::Due => "due",
        TimerState::Claimed => "claimed",
    }
}

fn shown(timer: &Timer, reader: &Reader) -> Markup {
    let what = if timer.state == TimerState::Claimed { "Claim made or lapses" } else { "Fires" };
    let mut all = vec![
        ("State", html! { (state(timer.state)) }),
        (
            what,
            html! { (words::near(timer.due_at, reader.now)) ", by the clock of Redis or of the worker, whichever is later" },
        ),
    ];
    if let Some(claim) = &timer.claim {
        let by = claim.by.as_deref().unwrap_or("a worker of an older release");
        all.push(("In the hands of", html! { (by) ", until " (words::near(claim.until, reader.now)) }));
    }
    facts(&all)
}

fn deeds(report: &OrderReport, standing: Standing, reader: &Reader, again: &Again) -> Markup {
    let id = report.id.as_str();
    let ours = standing == Standing::Ours;
    let action = |what: &str| format!("{}/{what}", link::order(id));
    let order = html! { "order " code.id { (id) } };
    let foreign = html! {
        p {
            "expiration decides alone, because the order is another service’s and its timer is all there is of it "
            "here."
        }
    };
    let fire = html! {
        @if ours {
            p { "Cancels " (order) " now, whatever its time says, and frees its seat." }
            p {
                "orders decides, because the order is its own: a timer that fires before the order’s time is early "
                "and changes nothing."
            }
        } @else {
            p { "Fires the timer of " (order) " now." }
            (foreign)
        }
    };
    let moved = html! {
        @if ours {
            p { "Gives " (order) " more time to pay; never less than it has." }
            p { "orders decides, because it checks the order’s time itself; the timer follows." }
        } @else {
            p { "Moves the timer of " (order) ", later or earlier." }
            (foreign)
        }
    };
    let cancel = html! {
        @if ours {
            p { "Cancels " (order) " now and frees its seat. The buyer is told so." }
            p { "orders decides, because the order is its own; for one of its orders this is the same as firing it." }
        } @else {
            p { "Takes the timer of " (order) " away: it never fires, and nobody is told." }
            (foreign)
        }
    };
    let by_hint =
        if ours { "With a unit, such as 10m or 1h." } else { "With a unit, such as 10m; -10m is earlier." };
    let all = [
        Deed {
            form: FIRE,
            operation: Some("fireTimer"),
            action: action(FIRE),
            name: "Fire now",
            terms: fire,
            fields: &[note(false)],
            fixed: &[],
            is_final: true,
        },
        Deed {
            form: MOVE,
            operation: Some("moveTimer"),
            action: action(MOVE),
            name: "Move",
            terms: moved,
            fields: &[
                Field::new("byMs", "By", Kind::Text).hint(by_hint),
                Field::new("to", "Or to", Kind::Instant).hint("In UTC. Fill in one of the two."),
                note(false),
            ],
            fixed: &[],
            is_final: false,
        },
        Deed {
            form: CANCEL,
            operation: Some("cancelTimer"),
            action: action(CANCEL),
            name: "Cancel",
            terms: cancel,
            fields: &[note(false)],
            fixed: &[],
            is_final: true,
        },
    ];
    html! { div.deeds { @for deed in &all { (deed.shown(reader, again)) } } }
}
