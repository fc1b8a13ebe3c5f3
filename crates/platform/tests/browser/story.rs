//! The whole story: sign up, sell, change, buy, a declined card, pay, give up. With JavaScript and without.

use platform::Shopper;

use crate::{
    customer::{BUY, Customer, GIVE_UP, PAY, SEND},
    world::{LONG, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_sold_bought_and_paid() {
    let world = World::start(LONG).await;
    play(&world, world.customer().await, world.customer().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_sold_bought_and_paid_without_javascript() {
    let world = World::start(LONG).await;
    let seller = world.customer_without_javascript().await;
    let buyer = world.customer_without_javascript().await;
    play(&world, seller, buyer).await;
}

async fn play(world: &World, seller: Customer, buyer: Customer) {
    signs_up_after_mistakes(&seller).await;
    let ticket = sells_after_mistakes(&seller).await;
    changes_the_price(&seller, &ticket).await;
    let order = buys_as_a_stranger(&buyer, &ticket).await;
    pays_with_the_second_card(&buyer, &order).await;
    assert_eq!(world.platform.stripe().captured_minus_refunded("usd"), 1_950);
    gives_one_up(&seller, &buyer).await;
    signs_out(&buyer).await;
    seller.leaves();
    buyer.leaves();
}

async fn signs_up_after_mistakes(seller: &Customer) {
    seller.visit("/").await;
    seller.sees("Nothing is for sale right now").await.unwrap();
    seller.go("header a[href^='/auth/signup']").await.unwrap();
    seller.fill("#email", "no address").await.unwrap();
    seller.fill("#password", "x").await.unwrap();
    seller.go(SEND).await.unwrap();
    seller.shows("#email[aria-invalid=true][aria-describedby~='email-error']").await.unwrap();
    seller.shows("#email-error").await.unwrap();
    seller.shows("#password-error").await.unwrap();
    seller.shows("main [role=alert]").await.unwrap();
    assert_eq!(seller.property("#email", "value").await.unwrap(), "no address", "what was typed is kept");
    assert_eq!(seller.property("#password", "value").await.unwrap(), "", "a password never is");
    seller.type_credentials("seller").await;
    seller.sees("seller@example.com").await.unwrap();
}

async fn sells_after_mistakes(seller: &Customer) -> String {
    seller.go("header a[href='/tickets/new']").await.unwrap();
    seller.fill("#title", "Swan Lake, row 1").await.unwrap();
    seller.fill("#price", "-5").await.unwrap();
    seller.go(SEND).await.unwrap();
    seller.shows("#price-error").await.unwrap();
    assert_eq!(seller.count("#title-error").await.unwrap(), 0, "nothing is wrong with the title");
    assert_eq!(seller.property("#title", "value").await.unwrap(), "Swan Lake, row 1");
    seller.fill("#price", "19.99").await.unwrap();
    seller.go(SEND).await.unwrap();
    seller.sees("19.99").await.unwrap();
    seller.id().await
}

async fn changes_the_price(seller: &Customer, ticket: &str) {
    seller.go("header a[href='/sales']").await.unwrap();
    seller.go(&format!("a[href='/tickets/{ticket}/edit']")).await.unwrap();
    assert_eq!(seller.property("#title", "value").await.unwrap(), "Swan Lake, row 1");
    seller.fill("#price", "19.5").await.unwrap();
    seller.go(SEND).await.unwrap();
    assert_eq!(seller.path().await, format!("/tickets/{ticket}"));
    seller.sees("19.50").await.unwrap();
}

/// Comes without an account and is led back to the ticket.
async fn buys_as_a_stranger(buyer: &Customer, ticket: &str) -> String {
    buyer.visit("/?search=swan").await;
    buyer.go(&format!("a[href='/tickets/{ticket}']")).await.unwrap();
    buyer.go("main a[href^='/auth/signin']").await.unwrap();
    buyer.go("main a[href^='/auth/signup']").await.unwrap();
    buyer.type_credentials("buyer").await;
    assert_eq!(buyer.path().await, format!("/tickets/{ticket}"), "the way back is kept over both pages");
    let order = buyer.buy(ticket).await;
    buyer.sees("19.50").await.unwrap();
    buyer.shows("[role=timer]").await.unwrap();
    order
}

async fn pays_with_the_second_card(buyer: &Customer, order: &str) {
    buyer.go(PAY).await.unwrap();
    buyer.type_card(Shopper::DECLINED_CARD).await;
    buyer.sees("declined").await.unwrap();
    buyer.type_card(Shopper::GOOD_CARD).await;
    assert_eq!(buyer.path().await, format!("/orders/{order}"));
    buyer.order_becomes("complete").await;
    buyer.sees("The ticket is yours").await.unwrap();
    testkit::eventually("the page says that the money was taken", LONG, async || {
        buyer.reload().await.unwrap();
        let text = buyer.text("main").await.unwrap();
        if text.contains("Your money was taken") { Ok(()) } else { Err(text) }
    })
    .await;
    buyer.go("header a[href='/orders']").await.unwrap();
    buyer.shows(&format!("li[data-state=complete] a[href='/orders/{order}']")).await.unwrap();
}

async fn gives_one_up(seller: &Customer, buyer: &Customer) {
    let ticket = seller.sell("Hamlet, row 5", "42").await;
    let order = buyer.buy(&ticket).await;
    buyer.go(GIVE_UP).await.unwrap();
    assert_eq!(buyer.path().await, format!("/orders/{order}"));
    buyer.order_becomes("cancelled").await;
    assert_eq!(buyer.count(PAY).await.unwrap(), 0, "what is given up can't be paid");
    testkit::eventually("the ticket can be bought again", LONG, async || {
        buyer.visit(&format!("/tickets/{ticket}")).await;
        if buyer.count(BUY).await.unwrap() == 1 { Ok(()) } else { Err(buyer.text("main").await.unwrap()) }
    })
    .await;
}

async fn signs_out(buyer: &Customer) {
    buyer.go("header a[href='/auth/signout']").await.unwrap();
    buyer.sees("What you have ordered stays ordered").await.unwrap();
    buyer.go(SEND).await.unwrap();
    buyer.visit("/orders").await;
    assert_eq!(buyer.path().await, "/auth/signin", "orders are for who is signed in");
}
