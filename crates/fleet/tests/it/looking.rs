//! What a viewer sees, and that it may do nothing.

use std::time::Duration;

use testkit::eventually;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::{
    fleet::{TOKEN, command, run},
    world::{SOON, World},
};

#[tokio::test]
async fn a_viewer_sees_everything_and_each_act_is_refused_and_written_down() {
    let world = World::start(Duration::from_secs(900)).await;
    let order = world.order().await;
    eventually("the timer is set", SOON, async || {
        let report = world.viewer(&format!("order {order} --json")).await.with(0).json();
        (!report["timer"].is_null()).then_some(()).ok_or_else(|| report.to_string())
    })
    .await;
    let text = world.viewer(&format!("order {order}")).await.with(0).stdout;
    for part in ["status    created, version 0", "expires   ", "pending, ", "scheduled", "whose clock"] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    for line in [
        "timers list",
        "timers list --from -1h --to 1h --limit 10",
        "timers due",
        "dead-letters groups",
        "dead-letters list",
        "operations list",
        "payments owed",
        "audit",
    ] {
        assert!(!world.viewer(line).await.with(0).stdout.is_empty(), "{line}");
        world.viewer(&format!("{line} --json")).await.with(0).json();
    }
    assert!(world.viewer("timers list").await.stdout.contains(&order));

    for line in [
        format!("timers fire {order}"),
        format!("timers move {order} --by 10m"),
        format!("timers cancel {order}"),
        "timers cancel --due-to 1h".to_owned(),
        "pause --for 10m".to_owned(),
        "resume".to_owned(),
        "rebuild".to_owned(),
        "retell --service orders --since 2h".to_owned(),
        "dead-letters replay 1".to_owned(),
        "dead-letters discard 1 --note x".to_owned(),
        "dead-letters replay --all".to_owned(),
        "operations abort o-1".to_owned(),
        "operations confirm o-1 --count 1".to_owned(),
        "payments settle p-1 --note x".to_owned(),
    ] {
        let refused = world.viewer(&line).await.with(6);
        assert_eq!(refused.stdout, "", "{line}");
    }
    assert_eq!(world.status(&order).await, "created");
    // Too many in one second are told as a number.
    eventually("each refusal is in the audit", SOON, async || {
        let audit = world.viewer("audit --limit 100 --json").await.with(0).json();
        let refused =
            audit["entries"].as_array().unwrap().iter().filter(|entry| entry["outcome"] == "refused");
        let sum: u64 = refused.map(|entry| entry["count"].as_u64().unwrap_or(1)).sum();
        (sum == 14).then_some(()).ok_or_else(|| audit.to_string())
    })
    .await;
    let audit = world.viewer("audit --who viewer --action fireTimer").await.with(0).stdout;
    assert!(audit.contains("fireTimer, refused") && audit.contains(&format!("order {order}")), "{audit}");
    run(&world.console(), TOKEN, "status").await.with(6);
}

#[tokio::test]
async fn a_platform_becomes_well_and_top_tells_so_line_by_line() {
    let world = World::start(Duration::from_secs(900)).await;
    eventually("it is well", SOON, async || {
        let status = world.viewer("status").await;
        let is_well = status.code == 0 && status.stdout.starts_with("well at ");
        is_well.then_some(()).ok_or_else(|| format!("{status:?}"))
    })
    .await;
    let text = world.viewer("status").await.with(0).stdout;
    for part in ["schedule  ", "orders-payment-created", "ticketing-dead-letters", "client"] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    let mut top = command(&world.console(), platform::VIEWER_TOKEN, &["top", "--json"]);
    let mut top = top.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(top.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(SOON, lines.next_line()).await.unwrap().unwrap().unwrap();
    let status: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(status["well"], true, "{status}");
    top.kill().await.unwrap();
}
