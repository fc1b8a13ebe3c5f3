//! What comes between while an act on many runs: Ctrl-C, and a console that is away for a moment.

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use serde_json::json;
use testkit::eventually;
use tokio::process::Command;

use crate::{
    fleet::{TOKEN, command, of, run},
    stand_in::StandIn,
    world::SOON,
};

#[tokio::test]
async fn ctrl_c_aborts_the_operation_and_says_what_was_done() {
    let is_aborted = Arc::new(AtomicBool::new(false));
    let aborted = Arc::clone(&is_aborted);
    // It would run for ever.
    let console = StandIn::start(move |asked| {
        if asked.path.ends_with("/abort") {
            aborted.store(true, Ordering::Relaxed);
        }
        let state = match (asked.path.as_str(), aborted.load(Ordering::Relaxed)) {
            ("/api/operations", _) => "planned",
            (_, false) => "running",
            (_, true) => "aborted",
        };
        let operation = json!({ "id": "op-1", "action": "cancelTimers", "state": state, "by": "eve",
            "plannedAt": "2026-01-31T12:00:00.000Z", "count": 9, "samples": [], "done": 4, "skipped": 0, "failed": 0,
            "failures": [] });
        (200, operation.to_string())
    })
    .await;
    let line = ["timers", "cancel", "--due-to", "now", "--yes", "--count", "9"];
    let mut child = command(&console.url, TOKEN, &line);
    let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("it is looked at", SOON, async || {
        let asked = console.asked();
        asked.iter().any(|asked| asked.method == "GET").then_some(()).ok_or_else(|| format!("{asked:?}"))
    })
    .await;
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
    let ended = of(child.wait_with_output().await.unwrap()).with(130);
    assert!(is_aborted.load(Ordering::Relaxed));
    assert!(
        ended.stdout.contains("cancel 9 timers, aborted") && ended.stdout.contains("4 done"),
        "{ended:?}"
    );
    assert!(ended.stderr.contains(" 44 %  4 of 9"), "{ended:?}");
}

#[tokio::test]
async fn an_operation_is_watched_on_when_console_was_away_for_a_moment() {
    let looks = AtomicU32::new(0);
    let console = StandIn::start(move |asked| {
        let state = match asked.method.as_str() {
            "GET" => match looks.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => return (503, json!({ "errors": [{ "message": "away" }] }).to_string()),
                2 => "running",
                _ => "done",
            },
            _ if asked.path.ends_with("/confirm") => "running",
            _ => "planned",
        };
        let operation = json!({ "id": "op-1", "action": "replayDeadLetters", "state": state, "by": "eve",
            "plannedAt": "2026-01-31T12:00:00.000Z", "count": 2, "samples": [], "done": 2, "skipped": 0, "failed": 0,
            "failures": [] });
        (200, operation.to_string())
    })
    .await;
    let ended = run(&console.url, TOKEN, "dead-letters replay --all --yes --count 2").await.with(0);
    assert_eq!(ended.stderr.matches("console does not answer").count(), 1, "{ended:?}");
    assert!(ended.stdout.contains("replay 2 dead letters, done"), "{ended:?}");
}
