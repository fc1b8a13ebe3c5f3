//! Pause and resume, and the sweeper that is held meanwhile.

use std::time::Duration;

use common::{Service, clock, event::Timestamp, internal::ScheduleState, operator::AuditOutcome};
use platform::INTERNAL_TOKEN;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use testkit::eventually;

use crate::world::{LONG, SOON, World, instant};

const WINDOW: Duration = Duration::from_secs(3);

impl World {
    fn sweeper(&self, method: Method) -> RequestBuilder {
        let url = format!("{}/internal/sweeper", self.platform.services(Service::Orders)[0].http_url());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.request(method, url).bearer_auth(INTERNAL_TOKEN)
    }

    async fn hold(&self) -> Value {
        self.sweeper(Method::GET).send().await.unwrap().json().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_expires_during_a_pause_and_what_waited_does_afterwards() {
    let world = World::start(WINDOW).await;
    let body = json!({ "forMs": 600_000, "rate": 1, "note": "the hall is checked" });
    let paused: ScheduleState = world.act("/api/pause", &body).await.ok();
    let pause = paused.pause.unwrap();
    assert!(pause.paused && pause.by == "operator" && pause.rate == Some(1), "{pause:?}");
    let held_until = instant(&world.hold().await["heldUntil"]);
    assert!(held_until >= pause.until.as_millis() + 15_000, "{held_until} {pause:?}");

    let orders = [world.order().await, world.order().await];
    eventually("both are due, and wait", SOON, async || {
        let status = world.get("/api/status").await.body;
        let waiting = status["schedule"]["pause"]["waiting"].as_u64();
        let told = status["troubles"].to_string().contains("The schedule is paused by operator");
        if waiting == Some(2) && told { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    for order in &orders {
        let report = world.report(order, "known", |_| true).await;
        assert_eq!(report["order"]["status"], "created", "{report:#}");
    }

    // They were placed during the pause, and the hold has become longer for them.
    eventually("the hold is long enough for both", SOON, async || {
        let held = world.hold().await;
        if instant(&held["heldUntil"]) >= pause.until.as_millis() + 17_000 {
            Ok(())
        } else {
            Err(held.to_string())
        }
    })
    .await;

    let resumed: ScheduleState = world.act("/api/resume", &json!({ "rate": 1 })).await.ok();
    assert!(resumed.pause.is_none_or(|pause| !pause.paused));
    assert!(instant(&world.hold().await["heldUntil"]) < held_until, "the hold is shortened");
    for order in &orders {
        let report = world.status_is(order, "cancelled").await;
        assert!(report["summary"].as_str().unwrap().contains("late by expiration"), "{report:#}");
    }
    let entries = world.audit("schedule").await;
    let shown: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.outcome)).collect();
    assert_eq!(
        shown,
        [
            ("resumeSchedule", AuditOutcome::Done),
            ("resumeSchedule", AuditOutcome::Begun),
            ("pauseSchedule", AuditOutcome::Done),
            ("pauseSchedule", AuditOutcome::Begun),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_no_pause_needs_does_not_last() {
    let world = World::start(LONG).await;
    let left = json!({ "heldUntil": Timestamp::from_millis(clock::now_ms() + 600_000) });
    let answer = world.sweeper(Method::PUT).json(&left).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    eventually("it sweeps again", SOON, async || {
        let held = world.hold().await;
        if held["heldUntil"].is_null() { Ok(()) } else { Err(held.to_string()) }
    })
    .await;
}
