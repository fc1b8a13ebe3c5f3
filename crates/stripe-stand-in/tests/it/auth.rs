//! Keys, versions, request ids and what is not there.

use reqwest::Method;
use stripe_stand_in::StandIn;

use crate::shop::{KEY, Shop, send};

#[tokio::test]
async fn a_request_without_a_key_is_not_allowed() {
    let shop = Shop::open().await;
    let request = shop.client.get(format!("{}/v1/payment_intents", shop.stripe.url()));
    let error = send(request).await.unwrap().error(401);
    assert_eq!(error["type"], "invalid_request_error");
    assert!(error["message"].as_str().unwrap().starts_with("You did not provide an API key."));
}

#[tokio::test]
async fn a_key_is_taken_as_bearer_and_as_basic_user() {
    let shop = Shop::with(StandIn::builder().secret_key(KEY)).await;
    let url = format!("{}/v1/payment_intents", shop.stripe.url());
    assert_eq!(send(shop.client.get(&url).bearer_auth(KEY)).await.unwrap().status, 200);
    assert_eq!(send(shop.client.get(&url).basic_auth(KEY, Some(""))).await.unwrap().status, 200);
    assert_eq!(send(shop.client.get(&url).basic_auth(KEY, None::<&str>)).await.unwrap().status, 200);
}

#[tokio::test]
async fn another_key_is_refused_and_not_shown() {
    let shop = Shop::with(StandIn::builder().secret_key(KEY)).await;
    let url = format!("{}/v1/payment_intents", shop.stripe.url());
    for wrong in ["sk_test_another_one_of_many", "pk_test_4eC39HqLyjWDarjtT1zdp7dc", "nonsense"] {
        let answer = send(shop.client.get(&url).bearer_auth(wrong)).await.unwrap();
        assert!(!answer.body.to_string().contains(wrong), "{:#}", answer.body);
        answer.error(401);
    }
}

#[tokio::test]
async fn no_key_or_secret_is_shown_by_debug() {
    let builder = StandIn::builder().secret_key(KEY).webhook("http://127.0.0.1:1/", "whsec_hidden");
    let shown = format!("{builder:?}");
    let shown = format!("{shown} {:?}", builder.start().await.unwrap());
    assert!(!shown.contains(KEY) && !shown.contains("whsec_hidden"), "{shown}");
}

#[tokio::test]
async fn every_answer_names_its_request_and_the_version_that_was_asked_for() {
    let shop = Shop::open().await;
    let request = shop.request(Method::GET, "/v1/payment_intents", &[]);
    let answer = send(request.header("stripe-version", "2024-06-20")).await.unwrap();
    assert!(answer.header("request-id").unwrap().starts_with("req_"));
    assert_eq!(answer.header("stripe-version"), Some("2024-06-20"));
    let request = shop.request(Method::GET, "/v1/payment_intents", &[]);
    let error = send(request.header("stripe-version", "newest")).await.unwrap().error(400);
    assert_eq!(error["message"], "Invalid Stripe API version: newest");
}

#[tokio::test]
async fn an_event_has_the_version_of_the_request_that_caused_it() {
    let shop = Shop::open().await;
    let params = [("amount", "2000"), ("currency", "usd")];
    let request = shop.request(Method::POST, "/v1/payment_intents", &params);
    send(request.header("stripe-version", "2024-06-20")).await.unwrap().ok();
    let events = shop.stripe.events();
    assert_eq!(events.len(), 1);
    assert!(events[0].payload.contains(r#""api_version": "2024-06-20""#), "{}", events[0].payload);
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let shop = Shop::open().await;
    let paths = ["/v1/payment_intent", "/v1/checkout", "/v1/checkout/sessionsx", "/v2/refunds"];
    for path in paths {
        let error = shop.get(path, &[]).await.error(404);
        assert!(error["message"].as_str().unwrap().starts_with("Unrecognized request URL (GET: "), "{path}");
    }
    shop.post("/v1/payment_intents/pi_1/explode", &[]).await.error(404);
}

#[tokio::test]
async fn an_unknown_object_is_not_found() {
    let shop = Shop::open().await;
    for (path, kind) in [
        ("/v1/payment_intents/x_1", "payment_intent"),
        ("/v1/checkout/sessions/x_1", "checkout.session"),
        ("/v1/refunds/x_1", "refund"),
        ("/v1/charges/x_1", "charge"),
        ("/v1/events/x_1", "event"),
    ] {
        let error = shop.get(path, &[]).await.error(404);
        assert_eq!(error["code"], "resource_missing", "{path}");
        assert_eq!(error["message"], format!("No such {kind}: 'x_1'"));
    }
    let error = shop.post("/v1/payment_intents/pi_1/capture", &[]).await.error(404);
    assert_eq!(error["code"], "resource_missing");
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let shop = Shop::open().await;
    let request = shop.client.post(format!("{}/v1/payment_intents", shop.stripe.url())).bearer_auth(KEY);
    let json = request.header("content-type", "application/json").body("{\"amount\": 2000}");
    send(json).await.unwrap().error(400);
}
