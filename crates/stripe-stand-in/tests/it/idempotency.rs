//! Idempotency keys.

use std::time::Duration;

use stripe_stand_in::{Call, Fault};
use testkit::eventually;

use crate::shop::{LIMIT, Shop, confirmed, id};

const INTENTS: &str = "/v1/payment_intents";

#[tokio::test]
async fn the_same_key_gets_the_same_answer_and_nothing_is_done_twice() {
    let shop = Shop::open().await;
    let params = confirmed("manual", "tok_visa");
    let first = shop.keyed("intent:1", INTENTS, &params).await.unwrap();
    let again = shop.keyed("intent:1", INTENTS, &params).await.unwrap();
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_eq!(again.header("idempotency-key"), Some("intent:1"));
    assert_eq!(first.ok(), again.ok());
    assert_eq!(shop.stripe.ledger().len(), 1);
    let other = shop.keyed("intent:2", INTENTS, &params).await.unwrap();
    assert_eq!(other.header("idempotent-replayed"), None);
    assert_eq!(shop.stripe.ledger().len(), 2);
}

#[tokio::test]
async fn a_replay_is_what_was_true_then() {
    let shop = Shop::open().await;
    let params = confirmed("manual", "tok_visa");
    let intent = id(&shop.keyed("k", INTENTS, &params).await.unwrap().ok());
    shop.post(&format!("{INTENTS}/{intent}/cancel"), &[]).await.ok();
    assert_eq!(shop.keyed("k", INTENTS, &params).await.unwrap().ok()["status"], "requires_capture");
}

#[tokio::test]
async fn the_order_of_parameters_is_no_difference_and_a_value_is_one() {
    let shop = Shop::open().await;
    let mut params = confirmed("manual", "tok_visa");
    shop.keyed("k", INTENTS, &params).await.unwrap().ok();
    params.reverse();
    shop.keyed("k", INTENTS, &params).await.unwrap().ok();
    let other = confirmed("automatic", "tok_visa");
    let error = shop.keyed("k", INTENTS, &other).await.unwrap().error(400);
    assert_eq!(error["type"], "idempotency_error");
    assert!(error["message"].as_str().unwrap().contains("Try using a key other than 'k'"));
    assert_eq!(shop.stripe.ledger().len(), 1);
}

#[tokio::test]
async fn another_path_under_the_same_key_is_refused() {
    let shop = Shop::open().await;
    let (one, two) = (shop.authorised().await, shop.authorised().await);
    shop.keyed("k", &format!("{INTENTS}/{one}/capture"), &[]).await.unwrap().ok();
    let error = shop.keyed("k", &format!("{INTENTS}/{two}/capture"), &[]).await.unwrap().error(400);
    assert_eq!(error["type"], "idempotency_error");
    assert_eq!(shop.stripe.open_authorisations().len(), 1);
}

#[tokio::test]
async fn a_decline_and_a_refusal_by_the_state_are_kept() {
    let shop = Shop::open().await;
    let params = confirmed("manual", "tok_chargeDeclined");
    let first = shop.keyed("declined", INTENTS, &params).await.unwrap();
    let again = shop.keyed("declined", INTENTS, &params).await.unwrap();
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.error(402), again.error(402));
    assert_eq!(shop.stripe.ledger().len(), 1);

    let path = format!("{INTENTS}/{}/capture", shop.captured().await);
    shop.keyed("late", &path, &[]).await.unwrap().error(400);
    let again = shop.keyed("late", &path, &[]).await.unwrap();
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn what_fails_validation_leaves_the_key_free() {
    let shop = Shop::open().await;
    shop.keyed("k", INTENTS, &[("amount", "2000")]).await.unwrap().error(400);
    let answer = shop.keyed("k", INTENTS, &confirmed("manual", "tok_visa")).await.unwrap();
    assert_eq!(answer.header("idempotent-replayed"), None);
    answer.ok();
}

#[tokio::test]
async fn a_key_is_in_use_while_its_request_is_at_work() {
    let shop = Shop::open().await;
    shop.stripe.fault(Call::CreateIntent, Fault::Slow(Duration::from_secs(1)), 1);
    let params = confirmed("manual", "tok_visa");
    let first = shop.keyed("k", INTENTS, &params);
    let meanwhile = async {
        eventually("the first request came", LIMIT, async || {
            match shop.stripe.requests(Call::CreateIntent) {
                0 => Err("none".to_owned()),
                _ => Ok(()),
            }
        })
        .await;
        shop.keyed("k", INTENTS, &params).await.unwrap().error(409)
    };
    let (first, conflict) = tokio::join!(first, meanwhile);
    assert_eq!(conflict["code"], "idempotency_key_in_use");
    let after = shop.keyed("k", INTENTS, &params).await.unwrap();
    assert_eq!(after.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.unwrap().ok(), after.ok());
}

#[tokio::test]
async fn fifty_requests_with_one_key_at_once_do_it_once() {
    let shop = Shop::open().await;
    let params = confirmed("manual", "tok_visa");
    let requests = (0..50).map(|_| {
        let request = shop.request(reqwest::Method::POST, INTENTS, &params).header("idempotency-key", "k");
        tokio::spawn(request.send())
    });
    for request in requests.collect::<Vec<_>>() {
        let status = request.await.unwrap().unwrap().status();
        assert!(status == 200 || status == 409, "{status}");
    }
    assert_eq!(shop.stripe.ledger().len(), 1);
}

#[tokio::test]
async fn a_key_that_was_forgotten_does_it_again() {
    let shop = Shop::open().await;
    let params = confirmed("manual", "tok_visa");
    shop.keyed("k", INTENTS, &params).await.unwrap().ok();
    shop.stripe.forget_idempotency_keys();
    shop.keyed("k", INTENTS, &params).await.unwrap().ok();
    assert_eq!(shop.stripe.ledger().len(), 2);
}

#[tokio::test]
async fn a_key_that_is_too_long_is_refused() {
    let shop = Shop::open().await;
    let key = "k".repeat(256);
    shop.keyed(&key, INTENTS, &confirmed("manual", "tok_visa")).await.unwrap().error(400);
    assert_eq!(shop.stripe.ledger(), []);
}
