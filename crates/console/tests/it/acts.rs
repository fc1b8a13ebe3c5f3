//! Acts on one timer, ours and another service's; and what is asked for wrongly.

use common::{
    Service,
    operator::{AuditOutcome, Decider},
};
use serde_json::json;

use crate::world::{LONG, World, instant};

const LONG_AGO: &str = "2001-01-01T00:00:00.000Z";

#[tokio::test(flavor = "multi_thread")]
async fn orders_decides_about_ours_and_the_timer_alone_about_others() {
    let world = World::start(LONG).await;
    let orders = world.scheduled(2).await;
    for (order, act) in orders.iter().zip(["fire", "cancel"]) {
        let answer =
            world.done(&format!("/api/timers/{order}/{act}"), &json!({ "note": "asked by phone" })).await;
        assert_eq!((answer.decider, answer.after), (Decider::Orders, None), "{answer:?}");
        let report = world.status_is(order, "cancelled").await;
        assert_eq!(report["order"]["cancelReason"], "operator");
        assert!(
            report["summary"].as_str().unwrap().ends_with("by operator, an operator: asked by phone."),
            "{report:#}"
        );
        let entries = world.audit(&format!("order {order}")).await;
        assert_eq!(
            entries.iter().map(|entry| entry.outcome).collect::<Vec<_>>(),
            [AuditOutcome::Done, AuditOutcome::Begun]
        );
        assert_eq!(entries[0].act, entries[1].act);
        assert!(entries[0].sequence > entries[1].sequence && entries[0].before.is_some());
        // Once more is harmless.
        let again = world.done(&format!("/api/timers/{order}/{act}"), &json!({})).await;
        assert!(again.message.contains("was cancelled before"), "{again:?}");
    }

    let fired = world.foreign(LONG).await;
    let answer = world.done(&format!("/api/timers/{fired}/fire"), &json!({})).await;
    assert_eq!(answer.decider, Decider::Expiration);
    testkit::eventually("it has fired", crate::world::SOON, async || {
        let told = world.told(Service::Expiration, &fired).await;
        if told == ["expiration:complete"] { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;

    let moved = world.foreign(LONG).await;
    let before = instant(&world.timer_is_set(&moved).await["timer"]["dueAt"]);
    let answer = world.done(&format!("/api/timers/{moved}/move"), &json!({ "byMs": -60_000 })).await;
    assert_eq!(answer.after.map(|at| at.as_millis()), Some(before - 60_000));
    let report = world.timer_is_set(&moved).await;
    assert_eq!(instant(&report["timer"]["dueAt"]), before - 60_000);
    let answer = world.done(&format!("/api/timers/{moved}/cancel"), &json!({})).await;
    assert!(answer.message.contains("another service's"), "{answer:?}");
    world.act(&format!("/api/timers/{moved}/cancel"), &json!({})).await.error(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_order_is_too_late_to_fire_and_an_order_can_only_have_more_time() {
    let world = World::start(LONG).await;
    let (paid, open) = (world.order().await, world.order().await);
    world.pay(&paid).await;
    world.status_is(&paid, "complete").await;
    for act in ["fire", "cancel"] {
        world.act(&format!("/api/timers/{paid}/{act}"), &json!({})).await.error(409);
    }
    let path = format!("/api/timers/{paid}/move");
    world.act(&path, &json!({ "byMs": 60_000 })).await.error(409);
    let failed = world.audit(&format!("order {paid}")).await;
    assert_eq!(failed[0].outcome, AuditOutcome::Failed);
    assert!(failed[0].note.is_some());

    let path = format!("/api/timers/{open}/move");
    assert_eq!(world.act(&path, &json!({ "byMs": -1_000 })).await.error(400).0, Some("byMs"));
    let too_late = json!({ "to": "2099-01-01T00:00:00.000Z" });
    assert_eq!(world.act(&path, &too_late).await.error(400).0, Some("to"));
    world.status_is(&open, "created").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_wrongly_is_refused_with_the_field() {
    let world = World::start(LONG).await;
    let long = "x".repeat(1_001);
    let acts = [
        ("/api/timers/a/move", json!({}), "to"),
        ("/api/timers/a/move", json!({ "to": "soon" }), "to"),
        ("/api/timers/a/move", json!({ "to": "2099-01-01T00:00:00.000Z", "byMs": 1 }), "to"),
        ("/api/timers/a/move", json!({ "byMs": 0 }), "byMs"),
        ("/api/timers/a/fire", json!({ "note": long }), "note"),
        ("/api/timers/a/fire", json!({ "note": 7 }), "note"),
        ("/api/pause", json!({}), "until"),
        ("/api/pause", json!({ "forMs": 0 }), "forMs"),
        ("/api/pause", json!({ "forMs": 60_000, "rate": 0 }), "rate"),
        ("/api/resume", json!({ "rate": -1 }), "rate"),
        ("/api/rebuild", json!({ "note": long }), "note"),
        ("/api/payments/a/settle", json!({}), "note"),
        ("/api/payments/a/settle", json!({ "note": "  " }), "note"),
        ("/api/operations", json!({}), "action"),
        ("/api/operations", json!({ "action": "fireTimers" }), "timers"),
        ("/api/operations", json!({ "action": "fireTimers", "timers": {} }), "timers"),
        ("/api/operations", json!({ "action": "fireTimers", "timers": { "ids": ["a"] }, "byMs": 1 }), "to"),
        ("/api/operations", json!({ "action": "moveTimers", "timers": { "ids": ["a"] } }), "to"),
        ("/api/operations", json!({ "action": "fireTimers", "timers": { "ids": ["a b"] } }), "timers.ids[0]"),
        (
            "/api/operations",
            json!({ "action": "fireTimers", "timers": { "ids": ["a"] }, "deadLetters": {} }),
            "deadLetters",
        ),
        ("/api/operations", json!({ "action": "discardDeadLetters" }), "note"),
        ("/api/operations", json!({ "action": "retellEvents" }), "retell"),
        (
            "/api/operations",
            json!({ "action": "retellEvents", "retell": { "service": "orders", "since": "soon" } }),
            "retell.since",
        ),
        (
            "/api/operations",
            json!({ "action": "retellEvents", "retell": { "service": "expiration", "since": LONG_AGO } }),
            "retell.service",
        ),
        (
            "/api/operations",
            json!({ "action": "retellEvents", "retell": { "service": "orders", "since": LONG_AGO }, "byMs": 1 }),
            "byMs",
        ),
        (
            "/api/operations",
            json!({ "action": "fireTimers", "timers": { "ids": ["a"] },
                "retell": { "service": "orders", "since": LONG_AGO } }),
            "retell",
        ),
        ("/api/operations/a/confirm", json!({}), "count"),
        ("/api/dead-letters/1/discard", json!({}), "note"),
    ];
    for (path, body, field) in acts {
        let answer = world.act(path, &body).await;
        assert_eq!(answer.error(400).0, Some(field), "{path} {body}: {answer:?}");
    }
    for (path, field) in [
        ("/api/timers?from=soon", "from"),
        ("/api/timers?to=", "to"),
        ("/api/timers?limit=0", "limit"),
        ("/api/timers?limit=1001", "limit"),
        ("/api/dead-letters?order=a%20b", "order"),
        ("/api/dead-letters?order=", "order"),
        ("/api/dead-letters?after=x", "after"),
        ("/api/dead-letters?after=9223372036854775808", "after"),
        ("/api/audit?before=x", "before"),
        ("/api/audit?before=", "before"),
        ("/api/audit?before=9223372036854775808", "before"),
        ("/api/audit?limit=501", "limit"),
        ("/api/payments/owed?limit=101", "limit"),
        ("/api/payments/owed?after=", "after"),
    ] {
        assert_eq!(world.get(path).await.error(400).0, Some(field), "{path}");
    }
    for path in [
        "/api/operations/nothing",
        "/api/operations/%ff",
        "/api/dead-letters/99",
        "/api/dead-letters/x",
        "/api/dead-letters/%ff",
    ] {
        world.get(path).await.error(404);
    }
    let text = world.request(reqwest::Method::POST, "/api/resume").bearer_auth(platform::OPERATOR_TOKEN);
    world.send(text.body("{}").header("content-type", "text/plain")).await.error(400);
}
