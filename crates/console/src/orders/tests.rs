//! Orders that went one way or another, and what is said of them.

use common::{
    event::{OrderStatus, SettledOutcome, Timestamp},
    internal::{FiredBy, OrderHistory, RejectedPayment, SeatHistory, Timer, TimerClaim, TimerState},
    operator::{AuditEntry, AuditOutcome, Step},
};

use super::{Facts, path, summary};

const MINUTE: i64 = 60_000;

/// So many ms after the order was stored.
fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + ms)
}

fn order(status: OrderStatus) -> OrderHistory {
    OrderHistory {
        id: "o1".parse().unwrap(),
        version: 0,
        status,
        user_id: "u1".parse().unwrap(),
        ticket_id: "t1".parse().unwrap(),
        title: "Concert".to_owned(),
        price: serde_json::from_str("20").unwrap(),
        requested_at: Some(at(-4)),
        created_at: at(0),
        expires_at: at(15 * MINUTE),
        now: at(MINUTE),
        cancelled_at: None,
        cancel_reason: None,
        completed_at: None,
        payment_id: None,
        payment_outcome: None,
        fired: None,
        trace_id: None,
        rejected: Vec::new(),
    }
}

fn expired() -> OrderHistory {
    OrderHistory {
        cancelled_at: Some(at(15 * MINUTE + 5)),
        cancel_reason: Some("expired".to_owned()),
        fired: Some(FiredBy {
            at: at(15 * MINUTE + 3),
            claimed_at: Some(at(15 * MINUTE + 1)),
            by: Some("expiration-1".to_owned()),
        }),
        ..order(OrderStatus::Cancelled)
    }
}

fn facts(order: OrderHistory) -> Facts {
    Facts { order: Some(order), seat: Some(SeatHistory::default()), ..Facts::default() }
}

fn told(order: OrderHistory) -> String {
    summary::of(&facts(order), 0, &[])
}

#[test]
fn why_an_order_was_cancelled_is_said_in_a_sentence() {
    let text = told(expired());
    let over = at(15 * MINUTE);
    assert!(
        text.contains(&format!("because its time to pay was over at {over} and no payment had come")),
        "{text}"
    );
    assert!(text.ends_with("fired 3 ms late by expiration-1."), "{text}");

    let swept = OrderHistory { fired: None, cancelled_at: Some(at(15 * MINUTE + 12_000)), ..expired() };
    assert!(told(swept).ends_with("so the sweeper cancelled it, 12.0 s late."));
    for (reason, by) in [("buyer", "by its buyer."), ("operator", "by an operator.")] {
        let order = OrderHistory { cancel_reason: Some(reason.to_owned()), fired: None, ..expired() };
        assert!(told(order).ends_with(by));
    }
}

/// The two entries of an act, the newest first.
fn acts(action: &str) -> Vec<AuditEntry> {
    let entry = |outcome, note: Option<&str>| AuditEntry {
        sequence: 1,
        act: "a1".to_owned(),
        at: at(MINUTE),
        who: "ann".to_owned(),
        role: "operator".to_owned(),
        from: None,
        action: action.to_owned(),
        target: "order o1".to_owned(),
        outcome,
        count: None,
        before: None,
        after: None,
        request: None,
        note: note.map(str::to_owned),
        trace_id: String::new(),
    };
    vec![
        entry(AuditOutcome::Done, Some("what was done")),
        entry(AuditOutcome::Begun, Some("asked by phone.")),
    ]
}

#[test]
fn an_operator_who_did_it_is_named_with_the_reason_that_they_gave() {
    let cancelled = OrderHistory { cancel_reason: Some("operator".to_owned()), fired: None, ..expired() };
    let text = summary::of(&facts(cancelled.clone()), 0, &acts("cancelTimer"));
    assert!(text.ends_with(" by ann, an operator: asked by phone."), "{text}");
    let moved = summary::of(&facts(order(OrderStatus::Created)), 0, &acts("moveTimer"));
    assert!(moved.ends_with(&format!("ann gave it more time at {}: asked by phone.", at(MINUTE))), "{moved}");
    // What was done to it otherwise has not cancelled it.
    assert!(summary::of(&facts(cancelled), 0, &acts("moveTimer")).ends_with("by an operator."));
}

#[test]
fn a_payment_that_came_too_late_and_its_money_are_told_too() {
    let payment = RejectedPayment {
        payment_id: "p1".parse().unwrap(),
        stripe_id: "pi_1".to_owned(),
        reason: "the order is cancelled".to_owned(),
        rejected_at: at(16 * MINUTE),
        outcome: None,
        settled_at: None,
        note: None,
    };
    let owed = told(OrderHistory { rejected: vec![payment.clone()], ..expired() });
    assert!(owed.contains("no payment had come in time"), "{owed}");
    assert!(owed.ends_with("the money is owed until it is settled."), "{owed}");
    let released = RejectedPayment { outcome: Some(SettledOutcome::Released), ..payment };
    let back = told(OrderHistory { rejected: vec![released], ..expired() });
    assert!(back.ends_with("the money never left the buyer."), "{back}");
}

#[test]
fn an_open_and_a_paid_order_say_how_much_time_there_is_or_was() {
    assert!(told(order(OrderStatus::Created)).contains("which is in 14 min 0 s."));
    let late = OrderHistory { now: at(15 * MINUTE + 2_000), ..order(OrderStatus::Created) };
    assert!(told(late).contains("2.0 s ago, and it is not cancelled yet."));
    let paid = OrderHistory {
        completed_at: Some(at(10 * MINUTE)),
        payment_id: Some("p1".parse().unwrap()),
        payment_outcome: Some(SettledOutcome::Captured),
        ..order(OrderStatus::Complete)
    };
    let text = told(paid);
    assert!(
        text.contains("by payment p1, 5 min 0 s before its time was over; the money is taken."),
        "{text}"
    );
}

#[test]
fn what_is_not_ours_and_what_is_not_known_are_two_things() {
    let claim = Some(TimerClaim { by: Some("expiration-2".to_owned()), until: at(10) });
    let timer = Timer { id: "f1".parse().unwrap(), due_at: at(10), state: TimerState::Claimed, claim };
    let foreign = Facts { timer: Some(timer), ..Facts::default() };
    let text = summary::of(&foreign, 0, &[]);
    assert!(
        text.starts_with("It is no order of ours") && text.contains("expiration-2 has it in hand"),
        "{text}"
    );
    let away = Facts { missing: vec!["orders".to_owned()], ..foreign };
    assert!(summary::of(&away, 0, &[]).contains("orders does not answer"));
    assert!(path::of(&away).is_empty());
    assert!(summary::of(&Facts::default(), 3, &[]).contains("dead letters name it: 3."));
}

#[test]
fn the_way_of_an_expired_order_has_every_step_with_its_clock_and_how_long_it_took() {
    let mut facts = facts(expired());
    facts.told_at = Some(at(7));
    facts.decision_told_at = Some(at(15 * MINUTE + 9));
    facts.seat = Some(SeatHistory { cancelled_at: Some(at(15 * MINUTE + 14)), held_by: None });
    let steps = path::of(&facts);
    assert_eq!(steps.iter().map(|step| step.step).collect::<Vec<_>>(), Step::ALL);
    let after: Vec<Option<i64>> = steps.iter().map(|step| step.after_ms).collect();
    let late = 15 * MINUTE - 6;
    assert_eq!(after, [None, Some(4), Some(7), None, Some(late), Some(2), Some(2), Some(4), Some(5), None]);
    for step in &steps {
        assert_eq!(step.at.is_some(), step.clock.is_some(), "{step:?}");
        assert!(step.at.is_some() || step.note.is_some(), "{step:?} says neither when nor why not");
    }
}

#[test]
fn a_step_that_a_service_knows_which_is_away_says_so() {
    let mut facts = facts(order(OrderStatus::Created));
    facts.seat = None;
    facts.missing = ["tickets", "payments", "expiration", "nats"].map(str::to_owned).to_vec();
    let steps = path::of(&facts);
    for (step, who) in [
        (Step::SeatFree, "tickets"),
        (Step::MoneySettled, "payments"),
        (Step::Scheduled, "expiration"),
        (Step::Told, "the broker"),
    ] {
        let note = steps.iter().find(|known| known.step == step).unwrap().note.clone().unwrap();
        assert_eq!(note, format!("{who} does not answer"), "{step:?}");
    }
}

#[test]
fn a_timer_that_was_claimed_ahead_of_its_time_is_not_said_to_be_late() {
    let claimed = |ms| {
        let fired = FiredBy { at: at(15 * MINUTE), claimed_at: Some(at(ms)), by: None };
        let steps = path::of(&facts(OrderHistory { fired: Some(fired), ..expired() }));
        steps.into_iter().find(|step| step.step == Step::Claimed).unwrap().note.unwrap()
    };
    assert_eq!(claimed(15 * MINUTE - 9), "9 ms before its time, by a worker");
    assert_eq!(claimed(15 * MINUTE + 1), "1 ms after its time, by a worker");
}
