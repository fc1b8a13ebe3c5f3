//! Events that overtake those that they follow from.

use std::time::Duration;

use common::{Service, event::Subject};
use messaging::topology::{Topology, durable_name};
use platform::CLUSTER;
use serde_json::{Value, json};
use testkit::eventually;

use crate::{
    people::{Person, id},
    world::{SOON, World, free, held_by},
};

impl World {
    /// Keeps what comes on a subject from a service, until the instant (RFC 3339), or gives it free.
    async fn hold_back(&self, service: Service, subject: Subject, until: Option<&str>) {
        let stream = Topology::new(CLUSTER, 1).stream_name(subject.publisher());
        let api = format!("$JS.API.CONSUMER.PAUSE.{stream}.{}", durable_name(service, subject));
        let body = until.map_or_else(|| json!({}), |until| json!({ "pause_until": until })).to_string();
        let answer = self.nats.request(api, body.into()).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
        assert_eq!(answer["paused"].as_bool().unwrap_or_default(), until.is_some(), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_overtakes_its_order_frees_the_seat_for_the_next_buyer() {
    let world = World::start(Duration::from_secs(900)).await;
    let seller = Person::sign_up(&world.platform, "seller").await;
    let (ada, ben) =
        (Person::sign_up(&world.platform, "ada").await, Person::sign_up(&world.platform, "ben").await);
    let ticket = seller.sell("Concert, row 7").await;

    world.hold_back(Service::Tickets, Subject::OrderCreated, Some("2999-01-01T00:00:00Z")).await;
    let first = id(&ada.order_soon(&ticket).await);
    let cancel = ada.request(reqwest::Method::DELETE, &format!("/api/orders/{first}"));
    assert_eq!(cancel.send().await.unwrap().status(), 204);
    let second = id(&ben.order_soon(&ticket).await);
    eventually("the cancellation is handled", SOON, async || {
        let stream = Topology::new(CLUSTER, 1).stream_name(Service::Orders);
        let stream = world.jetstream.get_stream(stream).await.unwrap();
        let consumer = durable_name(Service::Tickets, Subject::OrderCancelled);
        let info = stream.consumer_info(&consumer).await.unwrap();
        if info.ack_floor.consumer_sequence == 1 { Ok(()) } else { Err(format!("{info:?}")) }
    })
    .await;
    assert!(free(&ada.get(&format!("/api/tickets/{ticket}")).await));

    world.hold_back(Service::Tickets, Subject::OrderCreated, None).await;
    let held = world.ticket_is(&ben, &ticket, "the second order has the seat", held_by(&second)).await;
    assert_eq!(held["version"], 1, "the first order never held it");
    assert_eq!(world.dead_letters().await, [""; 0]);
}
