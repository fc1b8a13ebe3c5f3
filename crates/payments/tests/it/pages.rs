//! Pages of the provider on which buyers pay, or do not.

use payments::payment::Status;
use reqwest::{Client, Response, redirect::Policy};
use stripe_stand_in::IntentStatus;

use crate::{
    api::Server,
    world::{World, id},
};

const GOOD: &str = "4242424242424242";
const DECLINED: &str = "4000000000000002";

/// The buyer fills in the page.
pub(crate) async fn pay_on(url: &str, number: &str) -> Response {
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded");
    request.body(format!("number={number}&expiry=12%20/%2034&cvc=123&name=Ada")).send().await.unwrap()
}

#[tokio::test]
async fn a_buyer_pays_on_the_page_comes_back_and_a_look_finds_out_without_any_webhook() {
    let server = Server::new().await;
    let order = server.world.order().await;
    let (payment, url) = server.paid(order.as_str(), None).await;
    let url = url.unwrap();
    assert_eq!(pay_on(&url, DECLINED).await.status(), 402);
    let back = pay_on(&url, GOOD).await;
    let location = back.headers()["location"].to_str().unwrap();
    assert_eq!(
        (back.status().as_u16(), location),
        (303, &*format!("https://shop.example/orders/{order}?payment=done"))
    );
    let payment = server.world.find(&id(&payment)).await;
    assert_eq!(payment.status, Status::Open);
    server.world.hurry().await;
    server.world.settler.run_once().await.unwrap();
    let held = server.world.find(&payment.id).await;
    assert_eq!(held.status, Status::Authorised);
    assert_eq!(server.world.told().await.len(), 1);
    assert_eq!(
        server.paid(order.as_str(), None).await,
        (payment.id.to_string(), None),
        "there is nothing more to do"
    );
    server.world.complete(&held).await;
    server.world.settled(&held, Status::Captured).await;
    assert_eq!(server.world.stripe.captured_minus_refunded("usd"), 2000);
}

#[tokio::test]
async fn a_buyer_who_asks_what_became_of_his_payment_has_it_looked_up_at_once() {
    let server = Server::new().await;
    let order = server.world.order().await;
    let (_, url) = server.paid(order.as_str(), None).await;
    pay_on(&url.unwrap(), GOOD).await;
    sqlx::query("update payments set due_at = now() + interval '100 seconds'")
        .execute(&server.world.pool)
        .await
        .unwrap();
    assert_eq!(server.payments(order.as_str()).await[0]["status"], "open");
    server.world.settler.run_once().await.unwrap();
    assert_eq!(server.payments(order.as_str()).await[0]["status"], "authorised");
}

#[tokio::test]
async fn a_card_after_a_page_closes_the_page() {
    let server = Server::new().await;
    let order = server.world.order().await;
    let (page, url) = server.paid(order.as_str(), None).await;
    let (card, none) = server.paid(order.as_str(), Some("tok_visa")).await;
    assert!(page != card && none.is_none());
    assert_eq!(server.world.find(&id(&page)).await.status, Status::Closed);
    assert_ne!(pay_on(&url.unwrap(), GOOD).await.status(), 303, "nobody pays there any more");
    assert_eq!(server.world.stripe.open_authorisations().len(), 1);
}

#[tokio::test]
async fn a_card_after_a_page_that_was_paid_on_meanwhile_is_not_charged() {
    let server = Server::new().await;
    let order = server.world.order().await;
    let (page, url) = server.paid(order.as_str(), None).await;
    assert_eq!(pay_on(&url.unwrap(), GOOD).await.status(), 303);
    assert_eq!(server.paid(order.as_str(), Some("tok_visa")).await, (page, None));
    assert_eq!(server.world.stripe.ledger().len(), 1);
    assert_eq!(server.world.told().await.len(), 1);
}

#[tokio::test]
async fn a_page_that_was_paid_on_when_the_order_was_over_is_told_as_always_and_released() {
    let world = World::new().await;
    let payment = world.open_page().await;
    assert_eq!(pay_on(payment.url.as_ref().unwrap(), GOOD).await.status(), 303);
    world.cancel(&payment.order_id).await;
    world.settler.run_once().await.unwrap();
    let held = world.find(&payment.id).await;
    assert_eq!((held.status, held.decision), (Status::Authorised, None));
    assert_eq!(world.told().await.len(), 1, "it is for orders to reject it");
    world.reject(&payment).await;
    world.settled(&payment, Status::Released).await;
    assert_eq!(world.ledger(&payment)[0].status, IntentStatus::Canceled);
}

#[tokio::test]
async fn a_page_that_expires_unpaid_is_closed_and_the_order_can_be_paid_on_another() {
    let world = World::new().await;
    let payment = world.open_page().await;
    world.stripe.expire_session(payment.session.as_ref().unwrap()).unwrap();
    world.hurry().await;
    world.settled(&payment, Status::Closed).await;
    let server = Server::over(world).await;
    let (again, url) = server.paid(payment.order_id.as_str(), None).await;
    assert!(again != payment.id.as_str() && url.is_some());
}

#[tokio::test]
async fn money_that_turns_up_for_a_payment_that_was_given_up_goes_back_without_a_word() {
    let world = World::new().await;
    let payment = world.open_page().await;
    // As if the page had been lost: nobody was told its address, and yet somebody pays there.
    world.store.close(&payment, "lost").await.unwrap();
    assert_eq!(pay_on(payment.url.as_ref().unwrap(), GOOD).await.status(), 303);
    let intent = world.ledger(&payment)[0].intent.clone();
    assert!(!world.store.authorise(&payment, &intent).await.unwrap());
    world.settled(&payment, Status::Closed).await;
    assert_eq!(world.ledger(&payment)[0].status, IntentStatus::Canceled);
    assert_eq!((world.told().await.len(), world.outcomes(&payment).await.len()), (0, 0));
}
