//! An order's page in each state that is hard to come by.

use serde_json::json;

use crate::{
    stand_in::StandIn,
    visitor::{Page, Visitor},
    world::Setup,
};

async fn buyer(stand_in: &StandIn) -> Visitor {
    let mut buyer = Setup::of(&stand_in.url()).open().await.visitor();
    buyer.cookies.insert("session".to_owned(), "x".to_owned());
    buyer
}

fn can_be_paid(page: &Page) -> bool {
    page.has_form("/orders/o1/pay")
}

#[tokio::test]
async fn an_order_whose_time_is_over_says_so_and_can_not_be_paid() {
    let stand_in = StandIn::new().await;
    let mut buyer = buyer(&stand_in).await;
    assert!(can_be_paid(&buyer.get("/orders/o1").await));
    stand_in.set_order("expiresAt", json!("2020-01-31T12:00:00.000Z"));
    let page = buyer.get("/orders/o1").await;
    page.shows("The time to pay is over.");
    assert!(!can_be_paid(&page) && page.html.contains("data-again=\"3\""), "{}", page.html);
    buyer.get("/orders").await.shows("Time is over");
}

#[tokio::test]
async fn what_became_of_the_money_is_told_for_every_state_of_it() {
    let stand_in = StandIn::new().await;
    let mut buyer = buyer(&stand_in).await;
    for (status, payment, expected) in [
        ("complete", "accepted", "Your money is held, and is being taken."),
        ("complete", "captured", "Your money was taken. Thank you!"),
        ("cancelled", "rejected", "Your payment came too late"),
        ("cancelled", "released", "Nothing was taken."),
        ("cancelled", "refunded", "Your money was given back."),
        ("complete", "failed", "We are looking at it"),
        ("complete", "of-a-later-release", "Your payment is being looked at."),
    ] {
        stand_in.set_order("status", json!(status));
        stand_in.set_order("payment", json!({ "status": payment }));
        let page = buyer.get("/orders/o1").await;
        page.shows(expected);
        assert!(!can_be_paid(&page));
        let live = format!("data-live=\"/live/orders/o1?state={status}&amp;payment={payment}&amp;until=");
        assert!(page.html.contains(&live), "{}", page.html);
    }
}

#[tokio::test]
async fn an_order_that_is_over_is_not_paid_from_a_tab_that_was_left_open() {
    let stand_in = StandIn::new().await;
    let mut buyer = buyer(&stand_in).await;
    let open = buyer.get("/orders/o1").await;
    stand_in.pay_at("https://checkout.stripe.com/c/pay/cs_1");
    for (status, expected) in
        [("cancelled", "This order is cancelled"), ("complete", "Paid. The ticket is yours.")]
    {
        stand_in.set_order("status", json!(status));
        let answer = buyer.submit(&open, "/orders/o1/pay", &[]).await;
        assert_eq!(answer.status, 409);
        answer.shows(expected);
    }
}

#[tokio::test]
async fn a_declined_card_is_told_with_the_reason_and_another_one_can_be_tried() {
    let stand_in = StandIn::new().await;
    let mut buyer = buyer(&stand_in).await;
    stand_in.set_payments(json!([{ "status": "declined", "reason": "No funds <b>" }]));
    let page = buyer.get("/orders/o1").await;
    page.shows("Your card was declined: No funds <b>");
    assert!(can_be_paid(&page));
}

#[tokio::test]
async fn who_comes_back_from_paying_waits_for_the_provider_and_who_turned_back_does_not() {
    let stand_in = StandIn::new().await;
    let mut buyer = buyer(&stand_in).await;
    stand_in.set_payments(json!([{ "status": "open" }]));
    let page = buyer.get("/orders/o1?payment=done").await;
    page.shows("We are confirming your payment.");
    assert!(!can_be_paid(&page));
    let page = buyer.get("/orders/o1?payment=back").await;
    page.shows("Continue to pay $20.00");
    assert!(can_be_paid(&page));
    stand_in.set_payments(json!([{ "status": "authorised" }]));
    buyer.get("/orders/o1").await.shows("We are confirming your payment.");
}

#[tokio::test]
async fn an_order_is_shown_while_nobody_knows_of_its_payments() {
    let stand_in = StandIn::new().await;
    let mut buyer = buyer(&stand_in).await;
    stand_in.set_away(&["payments"]);
    let page = buyer.get("/orders/o1").await;
    assert_eq!(page.status, 200);
    page.shows("How your payment stands can’t be told at the moment.");
    let answer = buyer.submit(&page, "/orders/o1/pay", &[]).await;
    assert_eq!(answer.status, 503);
    answer.shows("trying again never charges you twice");
    assert!(answer.html.contains("href=\"/orders/o1\""), "{}", answer.html);
}
