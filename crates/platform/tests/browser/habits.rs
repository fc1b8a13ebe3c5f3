//! What people do with browsers: back, double clicks, two tabs, reloads, and pages that stay open for too long.

use crate::{
    customer::{BUY, Customer, GIVE_UP, PAY, SEND},
    world::{LONG, World},
};

async fn orders_of(customer: &Customer) -> u64 {
    customer.visit("/orders").await;
    customer.count("main li[data-state]").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_buys_once_with_and_without_javascript() {
    let world = World::start(LONG).await;
    let seller = world.signed_in("seller").await;
    for (name, customer) in
        [("ada", world.customer().await), ("bob", world.customer_without_javascript().await)]
    {
        customer.sign_up(name).await;
        // One that is known to `orders` before the nervous finger comes.
        let known = seller.sell("A seat", "20").await;
        customer.buy(&known).await;
        customer.go(GIVE_UP).await.unwrap();
        testkit::eventually("the ticket is free again", LONG, async || {
            customer.visit(&format!("/tickets/{known}")).await;
            if customer.count(BUY).await.unwrap() == 1 { Ok(()) } else { Err("it is taken".to_owned()) }
        })
        .await;
        customer.follow(async || customer.double_click(BUY).await).await.unwrap();
        customer.until("location.pathname.startsWith('/orders/')").await.unwrap();
        customer.shows("[data-state=created]").await.unwrap();
        assert_eq!(orders_of(&customer).await, 2, "{name}: the one that was given up, and one");
        customer.leaves();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn buying_in_two_tabs_leads_to_one_order_and_the_older_tab_says_what_became_of_it() {
    let world = World::start(LONG).await;
    let ticket = world.signed_in("seller").await.sell("A seat", "20").await;
    let ada = world.signed_in("ada").await;
    let second = ada.tab_at(&format!("/tickets/{ticket}")).await;
    second.javascript(false).await.unwrap();
    second.reload().await.unwrap();
    let order = ada.buy(&ticket).await;
    second.go(BUY).await.unwrap();
    assert!(second.url().await.unwrap().ends_with(&format!("/orders/{order}")));
    ada.go(GIVE_UP).await.unwrap();
    ada.order_becomes("cancelled").await;
    // The second tab still shows the button to pay.
    second.go(PAY).await.unwrap();
    second.sees("ancelled").await.unwrap();
    assert_eq!(world.platform.stripe().captured_minus_refunded("usd"), 0);
    assert_eq!(orders_of(&ada).await, 1);
    assert_eq!(second.complaints(), []);
    ada.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_back_button_shows_the_ticket_as_it_is_now_and_no_orders_after_signing_out() {
    let world = World::start(LONG).await;
    let ticket = world.signed_in("seller").await.sell("A seat", "20").await;
    let ada = world.signed_in("ada").await;
    let order = ada.buy(&ticket).await;
    ada.back().await.unwrap();
    ada.sees("You have ordered this ticket").await.unwrap();
    ada.go(&format!("main a[href='/orders/{order}']")).await.unwrap();
    ada.visit("/auth/signout").await;
    ada.go(SEND).await.unwrap();
    ada.back().await.unwrap();
    ada.back().await.unwrap();
    assert_eq!(ada.path().await, "/auth/signin", "the page of the order is gone with the session");
    ada.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_after_a_post_posts_nothing_again() {
    let world = World::start(LONG).await;
    let seller = world.signed_in("seller").await;
    let ticket = seller.sell("A seat", "20").await;
    seller.reload().await.unwrap();
    seller.visit("/sales").await;
    assert_eq!(seller.count("ul.rows li").await.unwrap(), 1, "a page that was reloaded sold nothing");
    // One with a mistake is posted again, and the mistake is the same.
    seller.visit("/tickets/new").await;
    seller.fill("#title", "Another seat").await.unwrap();
    seller.fill("#price", "0").await.unwrap();
    seller.go(SEND).await.unwrap();
    seller.reload().await.unwrap();
    seller.shows("#price-error").await.unwrap();
    assert_eq!(seller.property("#title", "value").await.unwrap(), "Another seat");
    let ada = world.signed_in("ada").await;
    ada.buy(&ticket).await;
    ada.reload().await.unwrap();
    ada.shows("[data-state=created]").await.unwrap();
    assert_eq!(orders_of(&ada).await, 1);
    seller.leaves();
    ada.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_in_between_leads_to_signing_in_and_back() {
    let world = World::start(LONG).await;
    let ticket = world.signed_in("seller").await.sell("A seat", "20").await;
    let ada = world.signed_in("ada").await;
    ada.visit(&format!("/tickets/{ticket}")).await;
    ada.loses_session().await;
    ada.go(BUY).await.unwrap();
    assert_eq!(ada.path().await, "/auth/signin");
    ada.type_credentials("ada").await;
    assert_eq!(ada.path().await, format!("/tickets/{ticket}"));
    let order = ada.buy(&ticket).await;
    ada.loses_session().await;
    ada.go(PAY).await.unwrap();
    assert_eq!(ada.path().await, "/auth/signin");
    ada.type_credentials("ada").await;
    assert_eq!(ada.path().await, format!("/orders/{order}"));
    ada.pay().await;
    ada.order_becomes("complete").await;
    // A page may have asked for news once more before it was left.
    ada.leaves_but_for("/live/orders/");
}
