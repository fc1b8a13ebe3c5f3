//! The demo, as a person starts it: it ends well, or by Ctrl-C, and leaves nothing behind either way.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

/// Longer than the watchdog gives Postgres to end by itself.
const SOON: Duration = Duration::from_secs(15);

/// The demo as a process, and what it prints, line by line.
struct Demo {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

fn demo(arguments: &[&str]) -> Demo {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["demo", "--json", "--orders", "8", "--window", "3s"]).args(arguments);
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    Demo { process, lines }
}

impl Demo {
    /// Everything that it says up to the first line with this event.
    fn until(&mut self, event: &str) -> Vec<Value> {
        let mut said: Vec<Value> = Vec::new();
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            said.push(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")));
            if said.last().unwrap()["event"] == event {
                return said;
            }
        }
        panic!("it ended without {event}: {said:#?}");
    }
}

/// The processes that it says it has started.
fn pids(said: &[Value]) -> Vec<Pid> {
    let of = |line: &Value| line["processes"].as_array().cloned().unwrap_or_default();
    let pids: Vec<_> = said.iter().flat_map(of).map(|process| process["pid"].as_i64().unwrap()).collect();
    assert!(pids.len() >= 6, "NATS, Redis, Postgres, orders and two of expiration: {pids:?}");
    pids.into_iter().map(|pid| Pid::from_raw(pid.try_into().unwrap()).unwrap()).collect()
}

/// Gone, or dead and only not yet reaped by whoever inherited it.
fn is_gone(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    test_kill_process(pid).is_err() || stat.contains(") Z ")
}

async fn are_gone(pids: &[Pid]) {
    testkit::eventually("everything that it started is gone", SOON, async || {
        let left: Vec<_> = pids.iter().filter(|pid| !is_gone(**pid)).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("alive: {left:?}")) }
    })
    .await;
}

#[tokio::test]
async fn every_invariant_holds_in_the_end_and_nothing_is_left() {
    let mut demo = demo(&[]);
    let said = demo.until("summary");
    let summary = said.last().unwrap();
    assert_eq!(demo.process.wait().unwrap().code(), Some(0), "{summary:#}");
    assert_eq!(summary["holds"], true, "{summary:#}");
    assert_eq!(summary["invariants"].as_array().unwrap().len(), 9);
    let counts = ["orders", "complete", "cancelled", "expired", "swept", "dead_letters"];
    assert_eq!(
        counts.map(|name| summary["counts"][name].as_u64().unwrap()),
        [8, 2, 1, 3, 2, 2],
        "{summary:#}"
    );
    assert!(demo.lines.next().is_none(), "the summary is the last line");

    let events = |event: &str| said.iter().filter(|line| line["event"] == event).count();
    let expected =
        [("order:created", 8), ("order:cancelled", 6), ("expiration:complete", 5), ("POST /api/orders", 1)];
    for (event, count) in expected.into_iter().chain([("kill -9", 1), ("FLUSHALL", 1), ("dead letter", 2)]) {
        assert_eq!(events(event), count, "{event}");
    }
    let late = said.iter().filter(|line| line["event"] == "expiration:complete");
    assert!(late.into_iter().all(|line| line["latenessMs"].as_i64().unwrap() >= 0));
    are_gone(&pids(&said)).await;
}

#[tokio::test]
async fn ctrl_c_in_the_middle_leaves_nothing() {
    let mut demo = demo(&[]);
    let said = demo.until("order:created");
    kill_process(Pid::from_child(&demo.process), Signal::INT).unwrap();
    assert_eq!(demo.process.wait().unwrap().code(), Some(130));
    are_gone(&pids(&said)).await;
}

#[tokio::test]
async fn what_is_kept_runs_until_ctrl_c_and_kill_9_is_no_way_out() {
    let mut demo = demo(&["--keep"]);
    let said = demo.until("summary");
    let pids = pids(&said);
    assert!(pids.iter().rev().take(6).all(|pid| !is_gone(*pid)), "they run on");
    assert_eq!(demo.process.try_wait().unwrap(), None);
    demo.process.kill().unwrap();
    demo.process.wait().unwrap();
    are_gone(&pids).await;
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (arguments, complaint) in [
        (["--orders", "3"], "from 4"),
        (["--window", "10"], "has no unit"),
        (["--window", "1s"], "at least 2s"),
        (["--replicas", "0"], "from 1"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("demo").args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(complaint), "{said}");
    }
}
