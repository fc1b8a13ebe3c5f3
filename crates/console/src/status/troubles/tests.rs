//! What is a trouble, and what is none.

use common::{
    event::Timestamp,
    internal::{About, Clocks, OutboxState, ScheduleState},
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
    status.outboxes[0].state = Some(OutboxState { depth: 5, set_aside: 1, oldest_age_ms: 60_000 });
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
