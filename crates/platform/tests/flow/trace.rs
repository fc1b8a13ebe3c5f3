//! One trace, from the click to the freed seat.

use std::time::Duration;

use common::{Service, event::Subject, traceparent::Traceparent};

use reqwest::Method;
use serde_json::{Value, json};
use testkit::eventually;

use crate::{
    people::{Person, id},
    world::{SOON, World, free},
};

/// The messages of the log lines that belong to a trace, `<service>: <message>`.
fn lines(world: &World, trace_id: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in Service::OURS {
        for line in world
            .platform
            .services(name)
            .iter()
            .map(|service| service.log())
            .flat_map(|log| log.lines().map(str::to_owned).collect::<Vec<_>>())
        {
            let Ok(line) = serde_json::from_str::<Value>(&line) else { continue };
            if line["trace_id"] == trace_id {
                found.push(format!("{name}: {}", line["message"].as_str().unwrap()));
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_id_is_in_the_logs_and_on_the_events_from_the_request_to_the_freed_seat() {
    let world = World::start(Duration::from_secs(3)).await;
    let seller = Person::sign_up(&world.platform, "seller").await;
    let ticket = seller.sell("Concert, row 7").await;
    let trace = Traceparent::generate();
    let order = eventually("the order is placed", SOON, async || {
        let request = seller.request(Method::POST, "/api/orders").header("traceparent", trace.to_string());
        let answer = request.json(&json!({ "ticketId": ticket })).send().await.unwrap();
        if answer.status() == 201 {
            Ok(answer.json::<Value>().await.unwrap())
        } else {
            Err(answer.status().to_string())
        }
    })
    .await;
    let order = id(&order);
    world.order_is(&seller, &order, "the order expired", |order| order["status"] == "cancelled").await;
    world
        .ticket_is(&seller, &ticket, "the seat is free", |ticket| free(ticket) && ticket["version"] == 2)
        .await;

    let expected = [
        "orders: POST /api/orders 201".to_owned(),
        format!("orders: order {order} was placed"),
        format!("tickets: ticket {ticket} is reserved for order {order}"),
        format!("orders: order {order} expired"),
        format!("tickets: ticket {ticket} is free again, order {order} is cancelled"),
    ];
    eventually("every step is in the logs", SOON, async || {
        let found = lines(&world, &trace.trace_id());
        let missing: Vec<_> = expected.iter().filter(|line| !found.contains(line)).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?} are not in {found:#?}")) }
    })
    .await;

    for (subject, count) in
        [(Subject::OrderCreated, 1), (Subject::OrderCancelled, 1), (Subject::TicketUpdated, 2)]
    {
        eventually(&format!("all of {subject} is told"), SOON, async || {
            let told = world.messages(subject).await.len();
            if told >= count { Ok(()) } else { Err(format!("{told} of {count}")) }
        })
        .await;
        let messages = world.messages(subject).await;
        assert_eq!(messages.len(), count, "{subject}");
        for message in messages {
            let carried = message.headers.get("traceparent").unwrap().as_str().to_owned();
            let carried: Traceparent = carried.parse().unwrap();
            assert_eq!(carried.trace_id(), trace.trace_id(), "{subject}");
        }
    }
    // The timer has no trace of its own: the order's id joins it.
    let [fired] = &world.messages(Subject::ExpirationComplete).await[..] else { panic!("not once") };
    assert!(String::from_utf8_lossy(&fired.payload).contains(order.as_str()));
}
