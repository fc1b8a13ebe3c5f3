//! An order's money, from the buyer's card to the seller, or back.

use std::time::Duration;

use common::event::{Id, Subject};
use reqwest::Method;
use serde_json::json;
use testkit::eventually;

use crate::{
    people::{Person, client, id, type_in},
    world::{SOON, World, held_by, money_is},
};

/// Nobody is late here.
const WINDOW: Duration = Duration::from_secs(120);
/// What a ticket costs, in cents.
const PRICE: i64 = 2_000;

/// A seat that somebody has ordered.
async fn ordered(world: &World, buyer: &Person) -> (Id, Id) {
    let seller = Person::sign_up(&world.platform, Id::generate().as_ref()).await;
    let ticket = seller.sell("Concert, row 7").await;
    (id(&buyer.order_soon(&ticket).await), ticket)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_pays_for_an_order_and_the_money_is_taken_once_the_order_is_complete() {
    let world = World::start(WINDOW).await;
    let ada = Person::sign_up(&world.platform, "ada").await;
    let (order, ticket) = ordered(&world, &ada).await;
    let payment = ada.pay(&order, Some("tok_visa")).await;
    let shown = world.order_is(&ada, &order, "the money is with the seller", money_is("captured")).await;
    assert_eq!(shown["status"], "complete", "{shown:#}");
    assert!(held_by(&order)(&ada.get(&format!("/api/tickets/{ticket}")).await));
    let stripe = world.platform.stripe();
    assert_eq!(stripe.captured_minus_refunded("usd"), PRICE);
    assert!(stripe.open_authorisations().is_empty());
    let [mine] = &ada.get(&format!("/api/payments?orderId={order}")).await.as_array().unwrap().clone()[..]
    else {
        panic!("not one payment")
    };
    assert_eq!((&mine["id"], &mine["status"]), (&payment["id"], &json!("captured")));
    // The same request again is the same payment; with another card it is refused. Neither costs anything.
    assert_eq!(ada.pay(&order, Some("tok_visa")).await["id"], payment["id"]);
    let body = json!({ "orderId": order, "token": "tok_mastercard" });
    let again = ada.request(Method::POST, "/api/payments").json(&body);
    assert_eq!(again.send().await.unwrap().status(), 400);
    assert_eq!(stripe.captured_minus_refunded("usd"), PRICE);
    for (subject, count) in [
        (Subject::PaymentCreated, 1),
        (Subject::OrderCompleted, 1),
        (Subject::PaymentSettled, 1),
        (Subject::PaymentRejected, 0),
    ] {
        assert_eq!(world.messages(subject).await.len(), count, "{subject}");
    }
    assert_eq!(world.dead_letters().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_whose_card_is_declined_pays_with_another_one_on_the_providers_page_and_comes_back() {
    let world = World::start(WINDOW).await;
    let ada = Person::sign_up(&world.platform, "ada").await;
    let (order, _) = ordered(&world, &ada).await;
    let page = ada.pay(&order, None).await["url"].as_str().unwrap().to_owned();
    assert!(page.starts_with(world.platform.stripe().url()), "{page}");
    let (status, text) = type_in(&page, "4000000000000002").await.unwrap();
    assert!(status == 402 && text.contains("declined"), "{status} {text}");
    assert_eq!(ada.get(&format!("/api/orders/{order}")).await["status"], "created");
    let (status, text) = type_in(&page, "4242424242424242").await.unwrap();
    // Back at the shop, which this browser without a session has to sign in to, with the way back to the order.
    assert!(status == 200 && text.contains("Sign in") && text.contains(order.as_str()), "{text}");
    let page = ada.request(Method::GET, &format!("/orders/{order}?payment=done")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("data-state"));
    let shown = world.order_is(&ada, &order, "the money is with the seller", money_is("captured")).await;
    assert_eq!(shown["status"], "complete", "{shown:#}");
    assert_eq!(world.platform.stripe().captured_minus_refunded("usd"), PRICE);
    assert_eq!(world.dead_letters().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_pays_on_the_page_of_an_order_that_was_given_up() {
    let world = World::start(WINDOW).await;
    let ada = Person::sign_up(&world.platform, "ada").await;
    let (order, _) = ordered(&world, &ada).await;
    let page = ada.pay(&order, None).await["url"].as_str().unwrap().to_owned();
    let gone = ada.request(Method::DELETE, &format!("/api/orders/{order}")).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    eventually("the page takes no card any more", SOON, async || {
        let answer = client().get(&page).send().await.unwrap();
        if answer.status() == 410 { Ok(()) } else { Err(answer.status().to_string()) }
    })
    .await;
    let (_, text) = type_in(&page, "4242424242424242").await.unwrap();
    assert!(text.contains("expired"), "{text}");
    let stripe = world.platform.stripe();
    assert_eq!(stripe.captured_minus_refunded("usd"), 0);
    assert!(stripe.open_authorisations().is_empty());
}
