//! Every page in every state is for everybody: axe-core finds nothing, light or dark, and nothing sticks out of a telephone.

use common::Service;
use testkit::browser::{Page, Scheme};

use crate::{
    customer::{BUY, Customer, GIVE_UP, PAY, SEND},
    world::{LONG, World},
};

/// Looks at the page that is open, on a telephone by day and on a desk by night, and moves everything that is wrong to
/// `found`.
pub(crate) async fn look(customer: &Page, what: &str, found: &mut Vec<String>) {
    for (width, scheme) in [(360, Scheme::Light), (1_280, Scheme::Dark)] {
        customer.size(width, 800).await.unwrap();
        customer.prefers(scheme, true).await.unwrap();
        let name = format!("{what} ({}, {width})", scheme.as_str());
        let findings = customer.axe().await.unwrap();
        found.extend(findings.iter().map(|finding| format!("{name}: {finding}")));
        let overflow = customer.overflow().await.unwrap();
        if overflow > 0 {
            found.push(format!("{name}: {overflow} pixels stick out"));
        }
    }
    let complaints = customer.complaints();
    found.extend(complaints.iter().map(|complaint| format!("{what}: {complaint}")));
    customer.forget();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_stranger_and_of_a_seller_is_for_everybody() {
    let world = World::start(LONG).await;
    let (mut found, customer) = (Vec::new(), world.customer().await);
    customer.visit("/").await;
    look(&customer, "an empty window", &mut found).await;
    for path in ["/auth/signup", "/auth/signin"] {
        customer.visit(path).await;
        look(&customer, path, &mut found).await;
        customer.fill("#email", "none").await.unwrap();
        customer.go(SEND).await.unwrap();
        look(&customer, &format!("{path} with mistakes"), &mut found).await;
    }
    customer.visit("/nowhere").await;
    look(&customer, "nothing there", &mut found).await;
    customer.sign_up("seller").await;
    for path in ["/tickets/new", "/sales", "/orders", "/auth/signout"] {
        customer.visit(path).await;
        look(&customer, &format!("{path} with nothing"), &mut found).await;
    }
    customer.visit("/tickets/new").await;
    customer.go(SEND).await.unwrap();
    look(&customer, "selling with mistakes", &mut found).await;
    let mut ticket = String::new();
    for number in 0..21 {
        ticket = customer
            .sell(&format!("A seat with a long title that has to go somewhere, row {number}"), "19.99")
            .await;
    }
    look(&customer, "an own ticket", &mut found).await;
    for path in ["/", "/?page=2", "/?search=row+7", "/?search=nothing+like+it", "/?show=all", "/sales"] {
        customer.visit(path).await;
        look(&customer, path, &mut found).await;
    }
    customer.visit(&format!("/tickets/{ticket}/edit")).await;
    look(&customer, "changing a ticket", &mut found).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_buyer_is_for_everybody() {
    let world = World::start(LONG).await;
    let (mut found, seller) = (Vec::new(), world.signed_in("seller").await);
    let (first, second) = (seller.sell("A seat", "20").await, seller.sell("Another seat", "20").await);
    let stranger = world.customer().await;
    stranger.visit(&format!("/tickets/{first}")).await;
    look(&stranger, "a ticket for a stranger", &mut found).await;
    let buyer = world.signed_in("buyer").await;
    let order = buyer.buy(&first).await;
    look(&buyer, "an order to pay", &mut found).await;
    buyer.visit(&format!("/tickets/{first}")).await;
    look(&buyer, "a ticket that one has ordered", &mut found).await;
    stranger.reload().await.unwrap();
    look(&stranger, "a ticket that somebody else has", &mut found).await;
    seller.visit(&format!("/orders/{order}")).await;
    look(&seller, "somebody else's order", &mut found).await;
    buyer.visit(&format!("/orders/{order}")).await;
    buyer.pay().await;
    buyer.order_becomes("complete").await;
    look(&buyer, "a paid order", &mut found).await;
    buyer.buy(&second).await;
    buyer.go(GIVE_UP).await.unwrap();
    buyer.order_becomes("cancelled").await;
    look(&buyer, "an order that was given up", &mut found).await;
    buyer.buy(&second).await;
    buyer.visit("/orders").await;
    look(&buyer, "orders in every state", &mut found).await;
    seller.visit("/sales").await;
    look(&seller, "sales in every state", &mut found).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_a_password_too_often_is_told_when_to_try_again() {
    let world = World::start(LONG).await;
    world.signed_in("ada").await.leaves();
    let (mut found, guesser) = (Vec::new(), world.customer().await);
    guesser.visit("/auth/signin").await;
    for guess in 0..50 {
        guesser.fill("#email", "ada@example.com").await.unwrap();
        guesser.fill("#password", &format!("guess {guess}")).await.unwrap();
        guesser.go(SEND).await.unwrap();
        if guesser.count("form").await.unwrap() == 0 {
            break;
        }
    }
    guesser.sees("Please try again in").await.unwrap();
    look(&guesser, "too many guesses", &mut found).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_paper_an_order_is_what_was_bought_without_what_can_only_be_clicked() {
    let world = World::start(LONG).await;
    let ticket = world.signed_in("seller").await.sell("A seat", "20").await;
    let buyer = world.signed_in("buyer").await;
    buyer.buy(&ticket).await;
    buyer.shows(PAY).await.unwrap();
    buyer.on_paper(true).await.unwrap();
    buyer.shows_no(PAY).await.unwrap();
    buyer.shows_no("header nav").await.unwrap();
    buyer.sees("A seat").await.unwrap();
    buyer.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_trouble_is_for_everybody() {
    let world = World::start(LONG).await;
    let (mut found, seller) = (Vec::new(), world.signed_in("seller").await);
    let ticket = seller.sell("A seat", "20").await;
    let buyer = world.signed_in("buyer").await;
    buyer.buy(&ticket).await;
    world.kill(Service::Payments).await;
    buyer.go(PAY).await.unwrap();
    look_in_trouble(&buyer, "no payments", &mut found).await;
    world.kill(Service::Orders).await;
    buyer.visit("/orders").await;
    look_in_trouble(&buyer, "no orders", &mut found).await;
    seller.visit(&format!("/tickets/{ticket}")).await;
    world.kill(Service::Auth).await;
    buyer.visit("/auth/signin").await;
    look_in_trouble(&buyer, "no auth", &mut found).await;
    world.kill(Service::Tickets).await;
    testkit::eventually("the window is old", LONG, async || {
        buyer.visit("/").await;
        let text = buyer.text("main").await.unwrap();
        if text.contains("The list is from") { Ok(()) } else { Err(text) }
    })
    .await;
    look_in_trouble(&buyer, "an old window", &mut found).await;
    buyer.visit(&format!("/tickets/{ticket}")).await;
    assert_eq!(buyer.count(BUY).await.unwrap(), 0);
    look_in_trouble(&buyer, "no tickets", &mut found).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The same where servers are away, and so streams and other parts of a page may be missing.
async fn look_in_trouble(customer: &Customer, what: &str, found: &mut Vec<String>) {
    let mut all = Vec::new();
    look(customer, what, &mut all).await;
    found.extend(all.into_iter().filter(|text| !text.contains("is missing")));
}
