//! Each service goes away in turn, and comes back.

use common::Service;

use crate::{
    customer::{BUY, PAY, SEND},
    world::{LONG, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn without_auth_signing_in_says_so_keeps_what_was_typed_and_the_window_stays_up() {
    let world = World::start(LONG).await;
    let seller = world.signed_in("seller").await;
    let ticket = seller.sell("A seat", "20").await;
    let ada = world.customer().await;
    world.kill(Service::Auth).await;
    ada.visit("/auth/signup").await;
    ada.fill("#email", "ada@example.com").await.unwrap();
    ada.fill("#password", "correct horse").await.unwrap();
    ada.go(SEND).await.unwrap();
    ada.sees("not available at the moment").await.unwrap();
    assert_eq!(ada.property("#email", "value").await.unwrap(), "ada@example.com");
    ada.visit("/").await;
    ada.shows(&format!("#tickets li[data-id='{ticket}']")).await.unwrap();
    // Who was signed in is not signed out by it.
    seller.visit("/").await;
    seller.sees("Accounts can’t be reached").await.unwrap();
    world.restart(Service::Auth).await;
    ada.visit("/auth/signup").await;
    ada.type_credentials("ada").await;
    ada.sees("ada@example.com").await.unwrap();
    seller.reload().await.unwrap();
    seller.sees("seller@example.com").await.unwrap();
    ada.leaves_after_trouble();
    seller.leaves_after_trouble();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tickets_the_window_shows_what_it_had_and_how_old_that_is() {
    let world = World::start(LONG).await;
    let seller = world.signed_in("seller").await;
    let ticket = seller.sell("A seat", "20").await;
    let ada = world.customer().await;
    ada.visit("/").await;
    world.kill(Service::Tickets).await;
    testkit::eventually("the window says that it is old", LONG, async || {
        ada.visit("/").await;
        assert_eq!(ada.count(&format!("#tickets li[data-id='{ticket}']")).await.unwrap(), 1);
        let text = ada.text("main").await.unwrap();
        if text.contains("The list is from") { Ok(()) } else { Err(text) }
    })
    .await;
    ada.visit(&format!("/tickets/{ticket}")).await;
    ada.sees("Please try again in a moment").await.unwrap();
    // What is being typed is not lost.
    seller.visit("/tickets/new").await;
    seller.fill("#title", "Another seat").await.unwrap();
    seller.fill("#price", "30").await.unwrap();
    seller.go(SEND).await.unwrap();
    seller.sees("Nothing is lost").await.unwrap();
    assert_eq!(seller.property("#title", "value").await.unwrap(), "Another seat");
    world.restart(Service::Tickets).await;
    seller.go(SEND).await.unwrap();
    seller.sees("It is yours, and for sale").await.unwrap();
    ada.go("main a[href^='/tickets/']").await.unwrap();
    ada.sees("It is free").await.unwrap();
    ada.leaves_after_trouble();
    seller.leaves_after_trouble();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_orders_and_payments_the_pages_say_so_and_go_on_afterwards() {
    let world = World::start(LONG).await;
    let ticket = world.signed_in("seller").await.sell("A seat", "20").await;
    let ada = world.signed_in("ada").await;
    ada.visit(&format!("/tickets/{ticket}")).await;
    world.kill(Service::Orders).await;
    ada.go(BUY).await.unwrap();
    ada.sees("Ordering is not available").await.unwrap();
    ada.visit("/orders").await;
    ada.sees("Ordering is not available").await.unwrap();
    world.restart(Service::Orders).await;
    let order = ada.buy(&ticket).await;
    world.kill(Service::Payments).await;
    ada.go(PAY).await.unwrap();
    ada.sees("Paying is not available").await.unwrap();
    ada.sees("never charges you twice").await.unwrap();
    ada.visit(&format!("/orders/{order}")).await;
    ada.shows("[data-state=created]").await.unwrap();
    world.restart(Service::Payments).await;
    ada.reload().await.unwrap();
    ada.pay().await;
    ada.order_becomes("complete").await;
    assert_eq!(world.platform.stripe().captured_minus_refunded("usd"), 2_000);
    ada.leaves_after_trouble();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_expiration_and_the_broker_people_buy_and_look_all_the_same() {
    let world = World::start(LONG).await;
    let ticket = world.signed_in("seller").await.sell("A seat", "20").await;
    let ada = world.signed_in("ada").await;
    // `orders` has heard of the ticket.
    ada.buy(&ticket).await;
    world.kill(Service::Expiration).await;
    world.platform.nats().stop().await.unwrap();
    ada.visit("/").await;
    ada.sees("Tickets").await.unwrap();
    ada.visit("/orders").await;
    ada.shows("li[data-state=created]").await.unwrap();
    world.platform.nats().restart().await.unwrap();
    world.restart(Service::Expiration).await;
    ada.go("main li[data-state] a").await.unwrap();
    ada.pay().await;
    ada.order_becomes("complete").await;
    ada.leaves_after_trouble();
}
