//! The way of an order through the services: ten steps, each with its instant and by whose clock, or why there is none.

use common::{
    event::{OrderStatus, SettledOutcome, Timestamp},
    internal::{OrderHistory, Timer, TimerState},
    operator::{PathStep, Step},
};

use super::{
    Facts,
    text::{between, span},
};

const ORDERS_CLOCK: &str = "Postgres of orders";
const BROKER_CLOCK: &str = "NATS";

/// What one step has: when, by whose clock, and what a person should know.
#[derive(Default)]
struct Found {
    at: Option<Timestamp>,
    clock: Option<String>,
    note: Option<String>,
}

impl Found {
    fn at(at: Option<Timestamp>, clock: impl Into<String>) -> Self {
        Self { at, clock: at.map(|_| clock.into()), note: None }
    }

    fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// With this note if there is no instant.
    fn or(self, note: impl Into<String>) -> Self {
        if self.at.is_some() { self } else { self.note(note) }
    }
}

/// The steps of an order of ours; none of another one, of which only the timer is known.
pub(super) fn of(facts: &Facts) -> Vec<PathStep> {
    let Some(order) = &facts.order else { return Vec::new() };
    let mut last: Option<Timestamp> = None;
    let step = |step| {
        let Found { at, clock, note } = found(step, order, facts);
        let after_ms = at.zip(last).map(|(at, last)| between(last, at));
        last = at.or(last);
        PathStep { step, service: service(step).to_owned(), at, clock, after_ms, note }
    };
    Step::ALL.into_iter().map(step).collect()
}

const fn service(step: Step) -> &'static str {
    match step {
        Step::Clicked | Step::Stored | Step::Told | Step::Decided | Step::DecisionTold => "orders",
        Step::Scheduled | Step::Claimed | Step::Fired => "expiration",
        Step::SeatFree => "tickets",
        Step::MoneySettled => "payments",
    }
}

fn found(step: Step, order: &OrderHistory, facts: &Facts) -> Found {
    match step {
        Step::Clicked => Found::at(order.requested_at, "the process of orders that took the request")
            .or("not recorded by the release that placed it"),
        Step::Stored => Found::at(Some(order.created_at), ORDERS_CLOCK),
        Step::Told => Found::at(facts.told_at, BROKER_CLOCK).or(not_told(facts)),
        Step::Scheduled => scheduled(order, facts),
        Step::Claimed => claimed(order, facts),
        Step::Fired => fired(order, facts),
        Step::Decided => decided(order),
        Step::DecisionTold => match order.status {
            OrderStatus::Created | OrderStatus::AwaitingPayment => Found::default().note("not yet"),
            _ => Found::at(facts.decision_told_at, BROKER_CLOCK).or(not_told(facts)),
        },
        Step::SeatFree => seat_free(order, facts),
        Step::MoneySettled => money_settled(order, facts),
    }
}

fn is_missing(facts: &Facts, name: &str) -> bool {
    facts.missing.iter().any(|missing| missing == name)
}

fn not_told(facts: &Facts) -> &'static str {
    if is_missing(facts, "nats") {
        "the broker does not answer"
    } else {
        "not in the stream: it is not told yet, or too long ago"
    }
}

fn scheduled(order: &OrderHistory, facts: &Facts) -> Found {
    let note = match (&facts.timer, &order.fired) {
        (Some(timer), _) if timer.state != TimerState::Claimed => {
            format!("when is not recorded; its timer is set to {}", timer.due_at)
        }
        (Some(_), _) => "when is not recorded: between told and claimed".to_owned(),
        (None, Some(_)) => "when is not recorded: between told and fired".to_owned(),
        (None, None) if is_missing(facts, "expiration") => "expiration does not answer".to_owned(),
        (None, None) if is_open(order) => "no timer is set: not yet, or it has fired just now".to_owned(),
        (None, None) => "when is not recorded; its timer was taken away when the order ended".to_owned(),
    };
    Found::default().note(note)
}

fn is_open(order: &OrderHistory) -> bool {
    matches!(order.status, OrderStatus::Created | OrderStatus::AwaitingPayment)
}

fn claimed(order: &OrderHistory, facts: &Facts) -> Found {
    if let Some(fired) = &order.fired {
        let by = fired.by.as_deref().unwrap_or("a worker");
        let found = Found::at(fired.claimed_at, format!("the worker {by}"));
        return match fired.claimed_at {
            Some(at) => {
                let early = between(at, order.expires_at);
                let side = if early > 0 { "before" } else { "after" };
                found.note(format!("{} {side} its time, by {by}", span(early)))
            }
            None => found.note("not recorded by the release that fired it"),
        };
    }
    match &facts.timer {
        Some(Timer { state: TimerState::Claimed, claim: Some(claim), .. }) => {
            let by = claim.by.as_deref().unwrap_or("a worker");
            Found::default().note(format!("in the hands of {by} until {}", claim.until))
        }
        _ => Found::default().note(not_fired(order)),
    }
}

fn fired(order: &OrderHistory, facts: &Facts) -> Found {
    let Some(fired) = &order.fired else {
        let note = if is_missing(facts, "expiration") && is_open(order) {
            "expiration does not answer"
        } else {
            not_fired(order)
        };
        return Found::default().note(note);
    };
    let late = between(order.expires_at, fired.at);
    let late = if late >= 0 {
        format!("{} late", span(late))
    } else {
        format!("{} early, by another clock", span(late))
    };
    Found::at(Some(fired.at), BROKER_CLOCK).note(late)
}

fn not_fired(order: &OrderHistory) -> &'static str {
    match (order.status, order.cancel_reason.as_deref()) {
        (OrderStatus::Complete, _) => "never: it was paid",
        (OrderStatus::Cancelled, Some("expired")) => {
            "not recorded: the sweeper cancelled it, or an older release"
        }
        (OrderStatus::Cancelled, _) => "never: it was cancelled before",
        _ => "not yet",
    }
}

fn decided(order: &OrderHistory) -> Found {
    let at = order.cancelled_at.or(order.completed_at);
    let what = match (order.status, order.cancel_reason.as_deref()) {
        (OrderStatus::Complete, _) => "paid".to_owned(),
        (OrderStatus::Cancelled, Some("expired")) => "cancelled: its time was over".to_owned(),
        (OrderStatus::Cancelled, Some(who)) => format!("cancelled by the {who}"),
        (OrderStatus::Cancelled, None) => "cancelled".to_owned(),
        _ => format!("not yet: it has until {}", order.expires_at),
    };
    let found = Found::at(at, ORDERS_CLOCK);
    let is_recorded = at.is_some() || is_open(order);
    found.note(if is_recorded { what } else { format!("{what}; when is not recorded") })
}

fn seat_free(order: &OrderHistory, facts: &Facts) -> Found {
    match (order.status, &facts.seat) {
        (_, None) => Found::default().note("tickets does not answer"),
        (OrderStatus::Complete, _) => Found::default().note("never: the seat is the buyer's"),
        (OrderStatus::Cancelled, Some(seat)) => {
            let found = Found::at(seat.cancelled_at, "Postgres of tickets");
            match &seat.held_by {
                Some(holder) if *holder == order.id => found.note("not yet: the order still holds the seat"),
                Some(holder) => found.note(format!("order {holder} holds the seat now")),
                None => found.or("free; since when is forgotten after some days"),
            }
        }
        (_, Some(seat)) if seat.held_by.as_ref() == Some(&order.id) => {
            Found::default().note("not yet: the order holds the seat")
        }
        (_, Some(_)) => Found::default().note("not yet, and tickets has not reserved the seat for it either"),
    }
}

fn money_settled(order: &OrderHistory, facts: &Facts) -> Found {
    let clock = "Postgres of payments";
    if let Some(payment) = facts.money.as_ref().and_then(|money| money.payments.last()) {
        let settled =
            matches!(payment.status.as_str(), "captured" | "released" | "refunded" | "closed" | "declined");
        let what = format!("payment {} is {}", payment.id, payment.status);
        return if settled {
            Found::at(Some(payment.updated_at), clock).note(what)
        } else {
            Found::default().note(what)
        };
    }
    if let Some(rejected) = order.rejected.last() {
        let note = rejected
            .outcome
            .map_or("owed until it is settled".to_owned(), |outcome| outcome.as_str().to_owned());
        return Found::at(rejected.settled_at, ORDERS_CLOCK).note(note);
    }
    if is_missing(facts, "payments") {
        return Found::default().note("payments does not answer");
    }
    Found::default().note(match (order.status, order.payment_outcome) {
        (OrderStatus::Complete, Some(SettledOutcome::Captured)) => "captured; when is not known here",
        (OrderStatus::Complete, _) => "not yet",
        _ => "there is no money",
    })
}
