//! One order: what became of it, and why.

use std::time::{Duration, Instant};

use common::event::Timestamp;
use serde_json::{Value, json};

use crate::world::{LONG, World, instant};

fn step<'a>(report: &'a Value, name: &str) -> &'a Value {
    let steps = report["path"].as_array().unwrap();
    steps.iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("no step {name} in {report}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_expired_has_its_whole_way_and_says_why() {
    let world = World::start(Duration::from_secs(3)).await;
    let order = world.order().await;
    world.status_is(&order, "cancelled").await;
    let report = world
        .report(&order, "the seat is free", |report| {
            step(report, "seatFree")["at"].is_string() && step(report, "decisionTold")["at"].is_string()
        })
        .await;
    let summary = report["summary"].as_str().unwrap();
    assert!(summary.contains("because its time to pay was over at"), "{summary}");
    assert!(summary.contains(" late by expiration"), "{summary}");
    let mut last = 0;
    for name in ["clicked", "stored", "told", "claimed", "fired", "decided", "decisionTold", "seatFree"] {
        let step = step(&report, name);
        let at = instant(&step["at"]);
        // All clocks are this machine's, but each is rounded on its own.
        assert!(at + 2 >= last, "{name}: {report:#}");
        assert!(step["clock"].is_string(), "{name}: {report:#}");
        last = at;
    }
    assert!(step(&report, "scheduled")["note"].as_str().unwrap().contains("not recorded"), "{report:#}");
    assert!(report["timer"].is_null() && report["missing"] == json!([]), "{report:#}");
    assert!(instant(&report["order"]["cancelledAt"]) >= instant(&report["order"]["expiresAt"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_its_buyer_gave_up_or_paid_says_so() {
    let world = World::start(LONG).await;
    let (given_up, paid) = (world.order().await, world.order().await);
    world.give_up(&given_up).await;
    let report = world.status_is(&given_up, "cancelled").await;
    assert!(report["summary"].as_str().unwrap().ends_with("by its buyer."), "{report:#}");
    assert_eq!(step(&report, "fired")["note"], "never: it was cancelled before");

    let payment = world.pay(&paid).await;
    let report = world
        .report(&paid, "the money is taken", |report| {
            report["order"]["status"] == "complete" && step(report, "moneySettled")["at"].is_string()
        })
        .await;
    assert!(report["summary"].as_str().unwrap().contains(&format!("by payment {payment}")), "{report:#}");
    assert_eq!(step(&report, "seatFree")["note"], "never: the seat is the buyer's");
    assert_eq!(report["money"]["payments"][0]["status"], "captured");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_has_more_time_shows_who_gave_it_and_that_its_timer_has_moved() {
    let world = World::start(LONG).await;
    let order = world.scheduled(1).await.remove(0);
    let before = instant(&world.report(&order, "known", |_| true).await["order"]["expiresAt"]);
    let body = json!({ "byMs": 600_000, "note": "the card reader was away" });
    let answer = world.done(&format!("/api/timers/{order}/move"), &body).await;
    assert_eq!(answer.after.map(Timestamp::as_millis), Some(before + 600_000));
    assert!(
        answer.message.contains("10 min 0 s more") && answer.message.contains("orders decides"),
        "{answer:?}"
    );
    let report = world
        .report(&order, "the timer has moved", |report| {
            report["timer"]["dueAt"] == report["order"]["expiresAt"]
        })
        .await;
    assert_eq!(instant(&report["timer"]["dueAt"]), before + 600_000);
    let acts = report["acts"].as_array().unwrap();
    assert_eq!(acts[0]["action"], "moveTimer");
    let begun = acts.iter().find(|act| act["outcome"] == "begun").unwrap();
    assert_eq!(
        (begun["who"].as_str(), begun["note"].as_str()),
        (Some("operator"), Some("the card reader was away"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_another_services_order_only_the_timer_is_known_and_of_nobodys_nothing() {
    let world = World::start(LONG).await;
    let foreign = world.foreign(LONG).await;
    let report = world.timer_is_set(&foreign).await;
    assert!(report["summary"].as_str().unwrap().starts_with("It is no order of ours"), "{report:#}");
    assert_eq!((&report["path"], &report["order"]), (&json!([]), &Value::Null));
    let answer = world.get("/api/orders/65f0c0ffee65f0c0ffee65f0").await;
    assert!(answer.error(404).1.contains("Nobody knows an order"), "{answer:?}");
    world.get("/api/orders/a%20b").await.error(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_there_in_milliseconds() {
    let world = World::start(LONG).await;
    let order = world.scheduled(1).await.remove(0);
    let mut took = Vec::new();
    for _ in 0..200 {
        let begun = Instant::now();
        assert_eq!(world.get(&format!("/api/orders/{order}")).await.status, 200);
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    // The bound of a test machine that others use too, in a build without optimisation; the benchmark has the real one.
    assert!(took[100] < Duration::from_millis(50), "median {:?}, p99 {:?}", took[100], took[198]);
}
