//! What is a trouble, and what is none.

use common::{
    event::Timestamp,
    internal::{About, CheckpointState, Clocks, OutboxState, RebuildState, ScheduleState, ToldAgain},
    operator::ProcessState,
};

use super::*;

fn well() -> Status {
    let at = Timestamp::from_millis(1_000_000);
    let about = About {
        service: "orders".to_owned(),
        version: "1".to_owned(),
        instance: "orders-1".to_owned(),
        started_at: at,
        ready: true,
        remarks: Vec::new(),
    };
    let process = ProcessState { address: "http://a".to_owned(), about: Some(about) };
    let stream = StreamState {
        name: "c-orders".to_owned(),
        exists: true,
        optional: false,
        messages: 1,
        bytes: 1,
        bytes_limit: 100,
        last_sequence: 1,
        differences: Vec::new(),
    };
    Status {
        at,
        well: true,
        troubles: Vec::new(),
        schedule: Some(ScheduleState {
            timers: 0,
            pending: 0,
            due: 0,
            claimed: 0,
            overdue: 0,
            oldest_due_age_ms: 0,
            clocks: Clocks { redis: at, worker: at },
            pause: None,
            checkpoint: None,
            rebuild: None,
            beyond_retention: 0,
        }),
        dead_letters: Some(0),
        owed: None,
        outboxes: vec![OutboxReport { service: "orders".to_owned(), state: Some(OutboxState::default()) }],
        consumers: Vec::new(),
        streams: vec![stream],
        services: vec![ServiceState { name: "orders".to_owned(), processes: vec![process.clone(), process] }],
    }
}

#[test]
fn a_platform_in_which_all_is_as_it_should_be_has_no_trouble() {
    assert_eq!(of(&well()), []);
}

#[test]
fn each_trouble_has_a_next_step_and_a_page_and_the_urgent_ones_come_first() {
    let mut status = well();
    status.dead_letters = Some(3);
    status.schedule = None;
    status.outboxes[0].state =
        Some(OutboxState { depth: 5, set_aside: 1, oldest_age_ms: 60_000, told_again: None });
    status.streams[0].bytes = 81;
    status.services[0].processes[0].about = None;
    let troubles = of(&status);
    assert_eq!(troubles.len(), 6, "{troubles:#?}");
    assert!(troubles.is_sorted_by_key(|trouble| !trouble.urgent));
    assert!(troubles.iter().all(|trouble| trouble.page.starts_with('/') && trouble.next.ends_with('.')));
}

#[test]
fn a_service_of_which_one_process_is_away_can_wait_and_one_without_any_cannot() {
    let mut status = well();
    status.services[0].processes[0].about = None;
    assert_eq!(of(&status).iter().map(|trouble| trouble.urgent).collect::<Vec<_>>(), [false]);
    status.services[0].processes[1].about = None;
    assert_eq!(of(&status).iter().map(|trouble| trouble.urgent).collect::<Vec<_>>(), [true]);
}

/// What and whether at once, of a platform in which all else is well.
fn told(change: impl FnOnce(&mut Status)) -> Vec<(bool, String)> {
    let mut status = well();
    change(&mut status);
    of(&status).into_iter().map(|trouble| (trouble.urgent, trouble.what)).collect()
}

fn schedule(change: impl FnOnce(&mut ScheduleState)) -> Vec<(bool, String)> {
    told(|status| change(status.schedule.as_mut().unwrap()))
}

#[test]
fn a_checkpoint_that_does_not_hold_is_a_trouble_and_a_release_without_one_is_none() {
    let with = |holds| {
        let checkpoint = CheckpointState { holds, sequence: 7, stored: Timestamp::from_millis(0) };
        schedule(|schedule| schedule.checkpoint = Some(checkpoint))
    };
    assert_eq!(with(true), []);
    let troubles = with(false);
    assert!(matches!(&troubles[..], [(true, what)] if what.contains("No checkpoint")), "{troubles:?}");
}

#[test]
fn a_rebuild_under_way_is_told_of_and_one_that_takes_too_long_is_urgent() {
    let under_way = |since_ms, last| {
        let since = Timestamp::from_millis(since_ms);
        let (applied, left) = if last == 0 { (0, 0) } else { (100, last - 100) };
        let rebuild = RebuildState { by: "expiration-1".to_owned(), since, applied, last, left };
        // No checkpoint holds while it lasts, which is nothing to be told beside it.
        let checkpoint = CheckpointState { holds: false, sequence: 100, stored: since };
        schedule(|schedule| (schedule.rebuild, schedule.checkpoint) = (Some(rebuild), Some(checkpoint)))
    };
    let troubles = under_way(995_000, 500);
    assert!(
        matches!(&troubles[..], [(false, what)] if what.contains("by expiration-1 for 5.0 s; messages left to read: 400")),
        "{troubles:?}"
    );
    let troubles = under_way(900_000, 0);
    assert!(
        matches!(&troubles[..], [(true, what)] if what.contains("expiration-1 has been reading what has fired")),
        "{troubles:?}"
    );
}

#[test]
fn timers_that_no_rebuild_can_bring_back_are_told_of() {
    let troubles = schedule(|schedule| schedule.beyond_retention = 3);
    assert!(
        matches!(&troubles[..], [(false, what)] if what.contains("beyond the retention of the orders' stream: 3")),
        "{troubles:?}"
    );
}

#[test]
fn what_the_broker_lost_is_told_of_for_a_day() {
    let at = |age_ms: i64| {
        told(|status| {
            let at = Timestamp::from_millis(status.at.as_millis() - age_ms);
            let told_again = Some(ToldAgain { at, events: 12, since: Timestamp::from_millis(0), losses: 2 });
            status.outboxes[0].state = Some(OutboxState { told_again, ..OutboxState::default() });
        })
    };
    let troubles = at(60_000);
    assert!(
        matches!(&troubles[..], [(false, what)] if what.contains("lost events of orders, or a listener was away for too long; told again at 1970-01-01T00:15:40.000Z: 12")),
        "{troubles:?}"
    );
    assert_eq!(at(25 * 3_600_000), []);
}
