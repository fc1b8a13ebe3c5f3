//! A rebuild that is watched, and events that are told again.

use std::{
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};
use testkit::eventually;
use tokio::process::Command;

use crate::{
    fleet::{TOKEN, command, of, run},
    stand_in::StandIn,
    world::SOON,
};

const AT: &str = "2026-01-31T12:00:00.000Z";

/// The schedule while so many messages are left to read.
fn schedule(left: Option<u64>) -> Value {
    let mut state = json!({ "timers": 1_000, "pending": 1_000, "due": 0, "claimed": 0, "overdue": 0, "oldestDueAgeMs": 0,
        "clocks": { "redis": AT, "worker": AT },
        "checkpoint": { "holds": left.is_none(), "sequence": 1_200, "stored": AT } });
    if let Some(left) = left {
        state["rebuild"] = json!({ "by": "expiration-1", "since": AT, "applied": 1_200 - left, "last": 1_200, "left": left });
    }
    state
}

#[tokio::test]
async fn a_rebuild_is_watched_until_its_checkpoint_holds_also_when_console_is_away_for_a_moment() {
    let looks = AtomicU32::new(0);
    let console = StandIn::start(move |asked| match asked.path.as_str() {
        "/api/rebuild" => (202, json!({ "begun": true }).to_string()),
        "/api/schedule" => match looks.fetch_add(1, Ordering::Relaxed) {
            0 => (200, schedule(Some(800)).to_string()),
            1 => (503, json!({ "errors": [{ "message": "away" }] }).to_string()),
            2 => (200, schedule(Some(200)).to_string()),
            _ => (200, schedule(None).to_string()),
        },
        _ => (404, String::new()),
    })
    .await;
    let ended = run(&console.url, TOKEN, "rebuild --note restored").await.with(0);
    for line in ["  0 %  800 messages left to read by expiration-1", " 75 %  200 messages left", "100 %"] {
        assert!(ended.stderr.contains(line), "{line:?} is not in {ended:?}");
    }
    assert_eq!(ended.stderr.matches("console does not answer").count(), 1, "{ended:?}");
    assert!(ended.stdout.starts_with("rebuilt: 1,000 timers, with that of every message"), "{ended:?}");
    assert_eq!(console.asked()[0].body, json!({ "note": "restored" }).to_string());
}

#[tokio::test]
async fn one_that_was_under_way_is_watched_as_well_and_nobody_has_to_wait() {
    let console = StandIn::start(|asked| match asked.path.as_str() {
        "/api/rebuild" => (202, json!({ "begun": false }).to_string()),
        _ => (200, schedule(None).to_string()),
    })
    .await;
    let ended = run(&console.url, TOKEN, "rebuild").await.with(0);
    assert!(
        ended.stderr.contains("was under way already") && ended.stdout.starts_with("rebuilt"),
        "{ended:?}"
    );
    let asked = console.asked().len();
    let ended = run(&console.url, TOKEN, "rebuild --no-wait").await.with(0);
    assert_eq!(ended.stdout, "a rebuild was under way already, and goes on\n");
    assert_eq!(console.asked().len(), asked + 1);
}

#[tokio::test]
async fn ctrl_c_ends_the_watching_and_not_the_rebuild() {
    let console = StandIn::start(|asked| match asked.path.as_str() {
        "/api/rebuild" => (202, json!({ "begun": true }).to_string()),
        _ => (200, schedule(Some(800)).to_string()),
    })
    .await;
    let mut child = command(&console.url, TOKEN, &["rebuild"]);
    let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("it is looked at twice", SOON, async || {
        let asked = console.asked();
        if asked.len() > 2 { Ok(()) } else { Err(format!("{asked:?}")) }
    })
    .await;
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
    let ended = of(child.wait_with_output().await.unwrap()).with(130);
    assert!(
        ended.stderr.contains("the rebuild goes on without this") && ended.stdout.is_empty(),
        "{ended:?}"
    );
    assert_eq!(console.asked().iter().filter(|asked| asked.method == "POST").count(), 1);
}

#[tokio::test]
async fn events_are_told_again_only_with_their_count() {
    let console = StandIn::start(|asked| {
        let state = if asked.path.ends_with("/confirm") { "done" } else { "planned" };
        let done = if state == "done" { 1_207 } else { 0 };
        let operation = json!({ "id": "op-1", "action": "retellEvents", "state": state, "by": "eve", "plannedAt": AT,
            "count": 1_200, "samples": ["orders since then"], "done": done, "skipped": 0, "failed": 0, "failures": [] });
        (200, operation.to_string())
    })
    .await;
    let line = "retell --service orders --since 2026-01-31T10:00:00Z --note doubt";
    let counted = run(&console.url, TOKEN, line).await.with(0).stdout;
    assert!(
        counted.starts_with("would tell again 1,200 events\n  orders since then\nnothing is done yet"),
        "{counted}"
    );
    assert!(counted.contains("fleet operations confirm op-1 --count 1200"), "{counted}");
    let plan: Value = serde_json::from_str(&console.asked()[0].body).unwrap();
    let wanted = json!({ "action": "retellEvents", "note": "doubt",
        "retell": { "service": "orders", "since": "2026-01-31T10:00:00.000Z" } });
    assert_eq!(plan, wanted);
    assert_eq!(console.asked().len(), 1);
    let done = run(&console.url, TOKEN, &format!("{line} --yes --count 1200")).await.with(0);
    assert!(
        done.stdout.contains("tell again 1,200 events, done") && done.stdout.contains("1,207 done"),
        "{done:?}"
    );
    assert_eq!(console.asked()[2].body, json!({ "count": 1_200 }).to_string());
}
