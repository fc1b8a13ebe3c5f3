//! A service that is away is named, and the rest is shown; and `console` itself disturbs nobody when it is.

use std::time::Duration;

use common::Service;
use serde_json::json;
use testkit::eventually;

use crate::world::{LONG, SOON, World};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_away_is_named_and_the_rest_is_shown() {
    let world = World::start(LONG).await;
    let order = world.scheduled(1).await.remove(0);
    for service in [Service::Tickets, Service::Payments, Service::Expiration, Service::Orders] {
        let process = &world.platform.services(service)[0];
        process.kill().await.unwrap();
        let report = world
            .report(&order, "it is missing", |report| {
                report["missing"].to_string().contains(service.as_str())
            })
            .await;
        assert!(!report["summary"].as_str().unwrap().is_empty());
        let named = format!("No process of {service} answers.");
        eventually("it is a trouble", SOON, async || {
            let status = world.get("/api/status").await.body;
            let is_named = status["troubles"].to_string().contains(&named);
            if status["well"] == false && is_named {
                Ok(())
            } else {
                Err(format!("{:#}", status["troubles"]))
            }
        })
        .await;
        match service {
            Service::Expiration => {
                world.get("/api/timers").await.error(503);
                let answer = world.act("/api/pause", &json!({ "forMs": 60_000 })).await;
                assert!(answer.error(503).1.contains("expiration does not answer"), "{answer:?}");
            }
            Service::Orders => {
                let answer = world.act(&format!("/api/timers/{order}/fire"), &json!({})).await;
                assert!(answer.error(503).1.contains("orders does not answer"), "{answer:?}");
                world.get("/api/payments/owed").await.error(503);
            }
            _ => {}
        }
        process.restart().await.unwrap();
        process.ready(SOON).await.unwrap();
        world.report(&order, "it is back", |report| report["missing"] == json!([])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_broker_nothing_is_done_because_it_cant_be_written_down() {
    let world = World::start(LONG).await;
    let order = world.scheduled(1).await.remove(0);
    world.platform.nats().pause().unwrap();
    let answer = world.act(&format!("/api/timers/{order}/cancel"), &json!({})).await;
    assert!(answer.error(503).1.contains("audit"), "{answer:?}");
    world.platform.nats().resume().unwrap();
    let report = world.report(&order, "everything answers", |report| report["missing"] == json!([])).await;
    assert_eq!(report["order"]["status"], "created", "{report:#}");
    let answer = eventually("it can be written down again", SOON, async || {
        let answer = world.act(&format!("/api/timers/{order}/cancel"), &json!({})).await;
        if answer.status == 200 { Ok(answer) } else { Err(format!("{answer:?}")) }
    })
    .await;
    assert_eq!(answer.body["decider"], "orders");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_is_killed_disturbs_nothing() {
    let world = World::start(Duration::from_secs(4)).await;
    let console = &world.platform.services(Service::Console)[0];
    console.kill().await.unwrap();
    let order = world.order().await;
    eventually("it has fired", SOON, async || {
        let told = world.told(Service::Orders, &order).await;
        if told == ["order:created", "order:cancelled"] { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
    console.restart().await.unwrap();
    console.ready(SOON).await.unwrap();
    let report = world.status_is(&order, "cancelled").await;
    assert!(report["summary"].as_str().unwrap().contains("late by expiration"), "{report:#}");
}
