//! Deliveries in time, late, doubled, reversed, lost and by hand.

use std::{collections::HashSet, time::Duration};

use stripe_stand_in::{StandIn, WebhookMode};

use crate::{
    receiver::{Receiver, SECRET, SOON, settled},
    shop::Shop,
};

/// What an authorisation is told by.
const AUTHORISED: [&str; 3] =
    ["payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated"];

async fn shop_with(receiver: &Receiver, mode: WebhookMode) -> Shop {
    let shop = Shop::with(StandIn::builder().webhook(&receiver.url, SECRET).seed(11)).await;
    shop.stripe.set_webhook_mode(mode);
    shop
}

fn sorted(mut kinds: Vec<String>) -> Vec<String> {
    kinds.sort();
    kinds
}

#[tokio::test]
async fn what_happens_is_delivered_once_with_the_object_as_it_was_then() {
    let receiver = Receiver::listen().await;
    let shop = shop_with(&receiver, WebhookMode::Deliver).await;
    let intent = shop.captured().await;
    settled(&shop.stripe).await;
    let mut expected = AUTHORISED.map(str::to_owned).to_vec();
    expected.extend(["charge.captured".to_owned(), "payment_intent.succeeded".to_owned()]);
    assert_eq!(sorted(receiver.kinds()), sorted(expected));
    let got = receiver.got();
    let held = got.iter().find(|got| got.kind() == AUTHORISED[2]).unwrap().event();
    assert_eq!((&held["object"], &held["livemode"]), (&"event".into(), &false.into()));
    assert_eq!(held["data"]["object"]["id"], intent);
    assert_eq!(held["data"]["object"]["status"], "requires_capture");
    let events = shop.stripe.events();
    assert!(events.iter().all(|event| (event.attempts, event.taken) == (1, 1)), "{events:?}");
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_until_it_is() {
    let receiver = Receiver::listen().await;
    let shop = shop_with(&receiver, WebhookMode::Deliver).await;
    receiver.refuse(5);
    shop.authorised().await;
    settled(&shop.stripe).await;
    assert_eq!(receiver.got().len(), 8);
    let bodies: HashSet<_> = receiver.got().into_iter().map(|got| got.body).collect();
    assert_eq!(bodies.len(), 3);
    assert!(shop.stripe.events().iter().all(|event| event.taken == 1));
}

#[tokio::test]
async fn an_endpoint_that_comes_later_gets_what_it_missed_while_it_was_away() {
    let receiver = Receiver::listen().await;
    let nobody = testkit::free_port().unwrap();
    let shop = Shop::open().await;
    shop.stripe.set_webhook(format!("http://127.0.0.1:{nobody}/"), SECRET);
    shop.authorised().await;
    assert_eq!(shop.stripe.pending_webhooks(), 3);
    shop.stripe.set_webhook(&receiver.url, SECRET);
    receiver.wait(3).await;
    settled(&shop.stripe).await;
}

#[tokio::test]
async fn nothing_is_told_before_there_is_an_endpoint() {
    let receiver = Receiver::listen().await;
    let shop = Shop::open().await;
    let before = shop.authorised().await;
    shop.stripe.set_webhook(&receiver.url, SECRET);
    shop.authorised().await;
    settled(&shop.stripe).await;
    assert_eq!(receiver.got().len(), 3);
    assert!(receiver.got().iter().all(|got| !got.body.contains(&before)));
}

#[tokio::test]
async fn late_ones_come_late() {
    let receiver = Receiver::listen().await;
    let shop = shop_with(&receiver, WebhookMode::Delay(SOON)).await;
    let begun = std::time::Instant::now();
    shop.authorised().await;
    assert_eq!(shop.stripe.pending_webhooks(), 3);
    let got = receiver.wait(3).await;
    assert!(got.iter().all(|got| got.at - begun >= SOON));
}

#[tokio::test]
async fn doubled_ones_come_twice_with_the_same_id() {
    let receiver = Receiver::listen().await;
    let shop = shop_with(&receiver, WebhookMode::Double).await;
    shop.authorised().await;
    settled(&shop.stripe).await;
    let ids: Vec<_> = receiver.got().iter().map(|got| got.event()["id"].clone()).collect();
    assert_eq!(ids.len(), 6);
    assert_eq!(ids.iter().map(ToString::to_string).collect::<HashSet<_>>().len(), 3);
}

#[tokio::test]
async fn reversed_ones_come_with_the_last_first() {
    let receiver = Receiver::listen().await;
    let shop = shop_with(&receiver, WebhookMode::Reverse(3)).await;
    shop.authorised().await;
    settled(&shop.stripe).await;
    let mut expected = AUTHORISED;
    expected.reverse();
    assert_eq!(receiver.kinds(), expected);
}

#[tokio::test]
async fn what_is_held_is_sent_when_asked_for_and_when_the_mode_changes() {
    let receiver = Receiver::listen().await;
    let shop = shop_with(&receiver, WebhookMode::Reverse(100)).await;
    shop.authorised().await;
    assert_eq!((shop.stripe.pending_webhooks(), receiver.got().len()), (3, 0));
    shop.stripe.release_webhooks();
    settled(&shop.stripe).await;
    assert_eq!(receiver.got().len(), 3);
    shop.authorised().await;
    shop.stripe.set_webhook_mode(WebhookMode::Deliver);
    settled(&shop.stripe).await;
    assert_eq!(receiver.got().len(), 6);
}

#[tokio::test]
async fn lost_ones_never_come_unless_sent_by_hand() {
    let receiver = Receiver::listen().await;
    let shop = shop_with(&receiver, WebhookMode::Drop(1.0)).await;
    shop.authorised().await;
    assert_eq!(shop.stripe.pending_webhooks(), 0);
    assert_eq!(receiver.got().len(), 0);
    let events = shop.stripe.events();
    assert_eq!(events.len(), 3);
    assert_eq!(shop.stripe.deliver(&events[2].id).await.unwrap(), 200);
    receiver.refuse(1);
    assert_eq!(shop.stripe.deliver(&events[2].id).await.unwrap(), 503);
    assert_eq!(receiver.kinds(), [AUTHORISED[2]; 2]);
    shop.stripe.deliver("evt_nobody").await.unwrap_err();
}

#[tokio::test]
async fn some_are_lost_where_some_are_to_be() {
    let receiver = Receiver::listen().await;
    let shop = shop_with(&receiver, WebhookMode::Drop(0.5)).await;
    for _ in 0..20 {
        shop.authorised().await;
    }
    settled(&shop.stripe).await;
    let came = receiver.got().len();
    assert!((10..50).contains(&came), "{came} of 60");
}

#[tokio::test]
async fn by_chance_they_are_lost_doubled_and_out_of_order() {
    let receiver = Receiver::listen().await;
    let mode = WebhookMode::Lossy { drop: 0.2, double: 0.3, delay: Duration::from_millis(200) };
    let shop = shop_with(&receiver, mode).await;
    for _ in 0..20 {
        shop.authorised().await;
    }
    settled(&shop.stripe).await;
    let ids: Vec<String> = receiver.got().iter().map(|got| got.event()["id"].to_string()).collect();
    let distinct: HashSet<_> = ids.iter().collect();
    assert!(distinct.len() < 60, "some are lost");
    assert!(distinct.len() < ids.len(), "some are doubled");
    let made: Vec<String> = shop.stripe.events().iter().map(|event| format!("\"{}\"", event.id)).collect();
    let places: Vec<_> = ids.iter().map(|id| made.iter().position(|made| made == id)).collect();
    assert!(!places.is_sorted(), "some are out of order");
}
