//! An order's life, unpaid and paid.

use std::time::Duration;

use common::{
    Service,
    event::{Subject, TicketUpdated},
};
use reqwest::Method;
use serde_json::json;
use testkit::Dice;

use crate::{
    disorder::Disorder,
    operators::Console,
    people::{Person, client, id},
    world::{World, free, held_by, money_is},
};

const WINDOW: Duration = Duration::from_secs(4);

/// Everything that happens comes twice more on the way, late and out of order, and each service has two replicas.
#[tokio::test(flavor = "multi_thread")]
async fn a_seat_goes_from_the_first_click_to_the_next_buyer_though_messages_come_twice_and_out_of_order() {
    let world = World::start(WINDOW).await;
    let disorder = Disorder::start(&world).await;
    let seller = Person::sign_up(&world.platform, "seller").await;
    let (ada, ben) =
        (Person::sign_up(&world.platform, "ada").await, Person::sign_up(&world.platform, "ben").await);
    let ticket = seller.sell("Concert, row 7").await;

    // Created, and reserved: nobody else gets it, and its seller can't change it.
    let order = ada.order_soon(&ticket).await;
    let first = id(&order);
    assert_eq!((order["status"].as_str(), order["ticket"]["price"].as_u64()), (Some("created"), Some(20)));
    world.ticket_is(&ada, &ticket, "the seat is reserved", held_by(&first)).await;
    assert_eq!(ben.order(&ticket).await.status(), 400);
    let path = format!("/api/tickets/{ticket}");
    let edit = seller.request(Method::PUT, &path).json(&json!({ "title": "x", "price": 1 }));
    assert_eq!(edit.send().await.unwrap().status(), 400);

    // Given a little more time by an operator.
    let console = Console { client: client(), fleet: &world.platform };
    let extend = format!("/internal/orders/{first}/extend");
    let more = console.post(Service::Orders, &extend, &json!({ "byMs": 500 }), &mut Dice::new(0)).await;
    assert_eq!(more.status(), 200);

    // Expired, cancelled, and released: the copy in `orders` follows.
    world.order_is(&ada, &first, "the order expired", |order| order["status"] == "cancelled").await;
    world.ticket_is(&ada, &ticket, "the seat is free", free).await;
    world.copy_is(&ticket, 2).await;

    // Money that comes now is too late, from whoever it comes.
    world.pay(&first).await;
    world.order_is(&ada, &first, "the payment is rejected", money_is("rejected")).await;

    // Sold to someone else, who pays: it is his for good.
    let second = id(&ben.order_soon(&ticket).await);
    world.ticket_is(&ben, &ticket, "the seat is reserved again", held_by(&second)).await;
    ben.pay(&second, Some("tok_visa")).await;
    let paid = world.order_is(&ben, &second, "the order is paid", money_is("captured")).await;
    assert_eq!((&paid["status"], &paid["version"]), (&json!("complete"), &json!(1)));
    world.at_rest(WINDOW).await;
    assert_eq!(ben.get(&format!("/api/orders/{second}")).await["status"], "complete");
    assert!(held_by(&second)(&ben.get(&path).await));
    assert_eq!(ada.order(&ticket).await.status(), 400);
    assert_eq!(world.platform.stripe().captured_minus_refunded("usd"), 2_000);
    assert!(world.platform.stripe().open_authorisations().is_empty());
    assert_eq!(world.dead_letters().await, [""; 0]);

    for subject in Subject::ALL {
        disorder.check(&world, subject).await;
    }
    let mut told: Vec<(u32, Option<common::event::Id>)> = Vec::new();
    for message in world.messages(Subject::TicketUpdated).await {
        let update: TicketUpdated = serde_json::from_slice(&message.payload).unwrap();
        told.push((update.version, update.order_id));
    }
    told.sort();
    told.dedup();
    assert_eq!(told, [(1, Some(first)), (2, None), (3, Some(second))]);
}
