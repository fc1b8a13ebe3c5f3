//! What became of an order, and why, in one sentence or two.

use common::{
    event::{OrderStatus, SettledOutcome},
    internal::{OrderHistory, RejectedPayment, Timer, TimerState},
    operator::{AuditEntry, AuditOutcome},
};

use super::{
    Facts,
    text::{between, span},
};

/// The answer to "why was it cancelled?", or whatever else a person asks first.
pub(super) fn of(facts: &Facts, letters: usize, acts: &[AuditEntry]) -> String {
    match (&facts.order, &facts.timer) {
        (Some(order), timer) => of_ours(order, timer.as_ref(), acts),
        (None, _) if facts.missing.iter().any(|name| name == "orders") => {
            "The service orders does not answer, so it is not known what became of it.".to_owned()
        }
        (None, Some(timer)) => {
            format!("It is no order of ours: only its timer is known here. {}", of_timer(timer))
        }
        (None, None) if letters > 0 => {
            format!("No service knows this order, but dead letters name it: {letters}.")
        }
        (None, None) => "No service knows this order, and no timer is set for it.".to_owned(),
    }
}

fn of_ours(order: &OrderHistory, timer: Option<&Timer>, acts: &[AuditEntry]) -> String {
    let what = match order.status {
        OrderStatus::Cancelled => cancelled(order, acts),
        OrderStatus::Complete => complete(order),
        OrderStatus::Created | OrderStatus::AwaitingPayment => unpaid(order, timer, acts),
    };
    match order.rejected.last() {
        Some(payment) => format!("{what} {}", rejected(order, payment)),
        None => what,
    }
}

fn cancelled(order: &OrderHistory, acts: &[AuditEntry]) -> String {
    let at = order.cancelled_at.map(|at| format!(" at {at}")).unwrap_or_default();
    match order.cancel_reason.as_deref() {
        Some("buyer") => format!("Cancelled{at} by its buyer."),
        Some("operator") => match act(acts, &["fireTimer", "cancelTimer"]) {
            Some(act) => format!("Cancelled{at} by {}, an operator{}.", act.who, words(acts, act)),
            None => format!("Cancelled{at} by an operator."),
        },
        Some("expired") => {
            let over = order.expires_at;
            let paid =
                if order.rejected.is_empty() { "no payment had come" } else { "no payment had come in time" };
            format!("Cancelled{at} because its time to pay was over at {over} and {paid}; {}.", fired(order))
        }
        _ => format!("Cancelled{at}; why was not recorded."),
    }
}

fn fired(order: &OrderHistory) -> String {
    let Some(fired) = &order.fired else {
        let late = order.cancelled_at.map_or(0, |at| between(order.expires_at, at));
        return format!(
            "no expiration is recorded for it, so the sweeper cancelled it, {} late",
            span(late.max(0))
        );
    };
    let late = between(order.expires_at, fired.at);
    let when = if late >= 0 {
        format!("{} late", span(late))
    } else {
        format!("{} early by the broker's clock", span(late))
    };
    match &fired.by {
        Some(by) => format!("fired {when} by {by}"),
        None => format!("fired {when}"),
    }
}

fn complete(order: &OrderHistory) -> String {
    let at = order.completed_at.map(|at| format!(" at {at}")).unwrap_or_default();
    let left = order.completed_at.map_or(0, |at| between(at, order.expires_at));
    let left = match left {
        0.. => format!("{} before its time was over", span(left)),
        _ => format!("though its time was over {} before: the payment was in time", span(left)),
    };
    let by = order.payment_id.as_ref().map(|id| format!(" by payment {id}")).unwrap_or_default();
    let money = match order.payment_outcome {
        Some(SettledOutcome::Captured) => "the money is taken",
        Some(SettledOutcome::Failed) => "the money could not be taken, and a person has to look",
        Some(SettledOutcome::Released | SettledOutcome::Refunded) => "the money went back",
        None => "the money is not taken yet",
    };
    format!("Paid{at}{by}, {left}; {money}.")
}

fn unpaid(order: &OrderHistory, timer: Option<&Timer>, acts: &[AuditEntry]) -> String {
    let left = between(order.now, order.expires_at);
    let what = if left > 0 {
        format!(
            "Unpaid: it is cancelled at {} unless it is paid, which is in {}.",
            order.expires_at,
            span(left)
        )
    } else {
        format!(
            "Unpaid: its time was over at {}, {} ago, and it is not cancelled yet.",
            order.expires_at,
            span(left)
        )
    };
    let what = match act(acts, &["moveTimer"]) {
        Some(act) => format!("{what} {} gave it more time at {}{}.", act.who, act.at, words(acts, act)),
        None => what,
    };
    match timer {
        Some(Timer { state: TimerState::Claimed, claim: Some(claim), .. }) => {
            let by = claim.by.as_deref().unwrap_or("a worker");
            format!("{what} {by} has its timer in hand.")
        }
        Some(Timer { state: TimerState::Due, .. }) => {
            format!("{what} Its timer is due and waits to be claimed: see whether the schedule is paused.")
        }
        None if left <= 0 => format!("{what} Its timer has fired, or was lost; the sweeper cancels it."),
        _ => what,
    }
}

/// The last of these acts that was done to it. Acts on many name no single order.
fn act<'a>(acts: &'a [AuditEntry], actions: &[&str]) -> Option<&'a AuditEntry> {
    acts.iter().find(|entry| entry.outcome == AuditOutcome::Done && actions.contains(&entry.action.as_str()))
}

/// Why they did it, in their words.
fn words(acts: &[AuditEntry], done: &AuditEntry) -> String {
    let begun = acts.iter().find(|entry| entry.outcome == AuditOutcome::Begun && entry.act == done.act);
    let note = begun.and_then(|begun| begun.note.as_deref()).map(|note| note.trim_end_matches('.'));
    note.map(|note| format!(": {note}")).unwrap_or_default()
}

fn rejected(order: &OrderHistory, payment: &RejectedPayment) -> String {
    let RejectedPayment { payment_id, reason, rejected_at, .. } = payment;
    let money = match (payment.outcome, &payment.settled_at) {
        (Some(SettledOutcome::Released), _) => "the money never left the buyer",
        (Some(SettledOutcome::Refunded), _) => "the money went back",
        (Some(SettledOutcome::Captured), _) => "the money was taken, and is owed",
        (_, Some(_)) => "a person has settled it",
        (Some(SettledOutcome::Failed), None) => "the money could not be given back, and is owed",
        (None, None) => "the money is owed until it is settled",
    };
    let more = order.rejected.len() - 1;
    let more = if more > 0 { format!(" Rejected beside it: {more} more.") } else { String::new() };
    format!("Payment {payment_id} was rejected at {rejected_at} ({reason}); {money}.{more}")
}

fn of_timer(timer: &Timer) -> String {
    match timer.state {
        TimerState::Pending => format!("It fires at {}.", timer.due_at),
        TimerState::Due => format!("It was due at {}, and nobody has claimed it yet.", timer.due_at),
        TimerState::Claimed => {
            let by = timer.claim.as_ref().and_then(|claim| claim.by.as_deref()).unwrap_or("A worker");
            format!("{by} has it in hand: it is about to fire.")
        }
    }
}
