//! The demo, as a person starts it: it ends well, or by Ctrl-C, and leaves nothing behind either way.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;
use support::{Xtask, are_gone, pids};
use testkit::is_gone;

fn demo(arguments: &[&str]) -> Xtask {
    let usual = ["demo", "--json", "--orders", "8", "--window", "6s"];
    Xtask::start(&[&usual, arguments].concat())
}

fn count(said: &[Value], event: &str) -> usize {
    said.iter().filter(|line| line["event"] == event).count()
}

/// Follows it to its end, in which every invariant has held. The answer is all that it said.
fn follow(demo: Xtask) -> Vec<Value> {
    let said = demo.until("summary");
    let summary = said.last().unwrap();
    assert_eq!(demo.end(), (Vec::new(), Some(0)), "the summary is the last line: {summary:#}");
    assert_eq!(summary["holds"], true, "{summary:#}");
    assert_eq!(summary["invariants"].as_array().unwrap().len(), 12);
    said
}

/// The seat that was given up is seen free, and then sold to the next buyer.
fn assert_sold_again(said: &[Value]) {
    let shown: Vec<_> = said
        .iter()
        .filter(|line| line["event"] == "GET /api/tickets")
        .map(|line| (line["detail"].as_str().unwrap(), line["number"].as_u64()))
        .filter(|(detail, _)| detail.contains("seat 2"))
        .collect();
    let [(free, None), (sold, Some(7))] = shown[..] else { panic!("{shown:#?}") };
    assert!(free.contains("is free again"), "{free}");
    assert!(sold.contains("is sold again"), "{sold}");
}

#[tokio::test]
async fn every_invariant_holds_in_the_end_and_nothing_is_left() {
    let said = follow(demo(&[]));
    let summary = said.last().unwrap();
    let counts = [
        "seats",
        "orders",
        "complete",
        "cancelled",
        "extended",
        "expired",
        "swept",
        "sold_again",
        "rejected",
        "settled",
        "dead_letters",
        "replayed",
    ];
    assert_eq!(
        counts.map(|name| summary["counts"][name].as_u64().unwrap()),
        [7, 8, 3, 1, 1, 4, 0, 1, 1, 4, 0, 1],
        "{summary:#}"
    );
    let expected = [
        ("ticket:created", 7),
        ("order:created", 8),
        ("order:cancelled", 5),
        ("order:extended", 1),
        // Not that of the order that its buyer cancelled.
        ("expiration:complete", 7),
        ("POST /api/orders", 1),
        ("kill -9", 1),
        ("FLUSHALL", 1),
        ("all is back", 1),
        ("dead letter", 1),
        ("fleet timers move", 1),
        // It is looked at, and replayed.
        ("fleet dead-letters", 2),
        // One was declined, and one got a page.
        ("POST /api/payments", 5),
        ("payment:created", 5),
        ("order:completed", 3),
        ("payment:rejected", 1),
        ("payment:settled", 4),
    ];
    for (event, times) in expected {
        assert_eq!(count(&said, event), times, "{event}");
    }
    let late = said.iter().filter(|line| line["event"] == "expiration:complete");
    assert!(late.into_iter().all(|line| line["latenessMs"].as_i64().unwrap() >= 0));
    assert_sold_again(&said);
    are_gone(&pids(&said, 7)).await;
}

#[test]
fn every_invariant_holds_with_more_orders_than_a_person_may_leave_unpaid() {
    let said = follow(Xtask::start(&["demo", "--json", "--orders", "300", "--window", "10s"]));
    assert_eq!(said.last().unwrap()["counts"]["orders"], 300);
}

#[test]
fn every_invariant_holds_though_a_server_loses_what_it_had_in_the_middle() {
    for lost in ["redis-files", "nats-files", "stream"] {
        let said = follow(demo(&["--lose", lost]));
        assert_eq!(count(&said, "all is back"), 1, "{lost}");
    }
}

#[test]
fn every_invariant_holds_with_any_one_service_killed_while_timers_are_pending() {
    let services = [
        ("auth", "sign in"),
        ("tickets", "GET /api/tickets"),
        ("orders", "GET /api/orders"),
        ("payments", "GET /api/payments"),
        ("client", "GET /"),
    ];
    // Two side by side: they wait more than they work. With all at once two cores are too busy for people who have seconds to pay.
    let demos = |pair: &[(&'static str, &'static str)]| {
        let demos = pair.iter().map(|&(service, refused)| (service, refused, demo(&["--kill", service])));
        demos.collect::<Vec<_>>()
    };
    for (service, refused, demo) in services.chunks(2).flat_map(demos) {
        let said = follow(demo);
        assert_sold_again(&said);
        let detail = |line: &Value| line["detail"].as_str().unwrap_or_default().to_owned();
        for event in ["kill -9", "restart"] {
            let of_it = |line: &&Value| line["event"] == event && detail(line).starts_with(service);
            assert_eq!(said.iter().filter(of_it).count(), 1, "{event} of {service}: {said:#?}");
        }
        let missed = said.iter().any(|line| line["event"] == refused && detail(line).starts_with("503"));
        assert!(missed, "nobody missed {service}: {said:#?}");
    }
}

#[tokio::test]
async fn ctrl_c_in_the_middle_leaves_nothing() {
    let demo = demo(&[]);
    let said = demo.until("order:created");
    demo.signal(Signal::INT);
    assert_eq!(demo.end().1, Some(130));
    are_gone(&pids(&said, 7)).await;
}

#[tokio::test]
async fn what_is_kept_runs_until_ctrl_c_and_kill_9_is_no_way_out() {
    let mut demo = demo(&["--keep"]);
    let said = demo.until("summary");
    let pids = pids(&said, 7);
    assert!(pids.iter().rev().take(8).all(|pid| !is_gone(*pid)), "they run on");
    assert!(demo.is_running());
    demo.signal(Signal::KILL);
    assert_eq!(demo.end().1, None);
    are_gone(&pids).await;
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (arguments, complaint) in [
        (["--orders", "4"], "from 5"),
        (["--window", "10"], "has no unit"),
        (["--window", "1s"], "at least 2s"),
        (["--replicas", "0"], "from 1"),
        (["--lose", "heart"], "redis, redis-files, nats-files, stream"),
        (["--kill", "people"], "auth, tickets, orders, expiration, payments, client"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("demo").args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(complaint), "{said}");
    }
}
