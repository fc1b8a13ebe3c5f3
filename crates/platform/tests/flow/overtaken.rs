//! Events that overtake those that they follow from.

use std::time::Duration;

use async_nats::HeaderMap;
use common::{
    Service, clock,
    event::{
        CancelledTicket, Event, Id, OrderCancelled, OrderCreated, OrderStatus, OrderedTicket, Subject,
        Timestamp,
    },
};
use messaging::topology::{Topology, durable_name};
use platform::CLUSTER;
use testkit::eventually;

use crate::{
    people::{Person, id},
    world::{SOON, World, free, held_by},
};

impl World {
    async fn tell<E: Event>(&self, event: &E) {
        let body = serde_json::to_vec(event).unwrap();
        self.publish(E::SUBJECT.as_str(), HeaderMap::new(), body).await;
    }

    /// Waits until `tickets` has answered so many events of a subject.
    async fn tickets_has_handled(&self, subject: Subject, count: u64) {
        let stream =
            self.jetstream.get_stream(Topology::new(CLUSTER, 1).stream_name(Service::Orders)).await.unwrap();
        eventually("tickets has handled the event", SOON, async || {
            let info = stream.consumer_info(&durable_name(Service::Tickets, subject)).await.unwrap();
            if info.ack_floor.consumer_sequence == count { Ok(()) } else { Err(format!("{info:?}")) }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_overtakes_its_order_frees_the_seat_for_the_next_buyer() {
    let world = World::start(Duration::from_secs(900)).await;
    let seller = Person::sign_up(&world.platform, "seller").await;
    let ben = Person::sign_up(&world.platform, "ben").await;
    let ticket = seller.sell("Concert, row 7").await;

    // As `orders` tells of it, in the other order.
    let first = Id::generate();
    world
        .tell(&OrderCancelled {
            id: first.clone(),
            version: 1,
            ticket: CancelledTicket { id: ticket.clone() },
        })
        .await;
    world.tickets_has_handled(Subject::OrderCancelled, 1).await;
    world
        .tell(&OrderCreated {
            id: first,
            version: 0,
            status: OrderStatus::Created,
            user_id: Id::generate(),
            expires_at: Timestamp::from(clock::now() + Duration::from_secs(900)),
            ticket: OrderedTicket { id: ticket.clone(), price: "20".parse().unwrap() },
        })
        .await;
    world.tickets_has_handled(Subject::OrderCreated, 1).await;
    assert!(free(&ben.get(&format!("/api/tickets/{ticket}")).await));

    let second = id(&ben.order_soon(&ticket).await);
    let held = world.ticket_is(&ben, &ticket, "the second order has the seat", held_by(&second)).await;
    assert_eq!(held["version"], 1, "the first order never held it");
    assert_eq!(world.dead_letters().await, [""; 0]);
}
