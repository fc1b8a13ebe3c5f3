//! The states of a PaymentIntent.

use reqwest::Method;
use serde_json::json;

use crate::shop::{Shop, id, send};

#[tokio::test]
async fn a_manual_intent_holds_the_money_until_it_is_captured() {
    let shop = Shop::open().await;
    let intent = shop.pay("manual", "tok_visa").await.ok();
    assert_eq!(intent["object"], "payment_intent");
    assert_eq!(intent["status"], "requires_capture");
    assert_eq!(intent["amount_capturable"], 2000);
    assert_eq!(intent["amount_received"], 0);
    assert_eq!(intent["capture_method"], "manual");
    assert_eq!(intent["metadata"], json!({ "order": "o 1" }));
    assert_eq!(intent["description"], "A ticket & more");
    assert_eq!(intent["livemode"], false);

    let path = format!("/v1/payment_intents/{}", id(&intent));
    let captured = shop.post(&format!("{path}/capture"), &[]).await.ok();
    assert_eq!(captured["status"], "succeeded");
    assert_eq!(captured["amount_capturable"], 0);
    assert_eq!(captured["amount_received"], 2000);
    assert_eq!(captured, shop.get(&path, &[]).await.ok());

    let charge = id(&json!({ "id": captured["latest_charge"] }));
    let charge = shop.get(&format!("/v1/charges/{charge}"), &[]).await.ok();
    assert_eq!(charge["captured"], true);
    assert_eq!(charge["amount_captured"], 2000);
    assert_eq!(charge["payment_intent"], intent["id"]);
    assert_eq!(charge["payment_method_details"]["card"]["last4"], "4242");
}

#[tokio::test]
async fn an_automatic_intent_takes_the_money_at_once() {
    let shop = Shop::open().await;
    let intent = shop.pay("automatic", "tok_mastercard").await.ok();
    assert_eq!(intent["status"], "succeeded");
    assert_eq!(intent["amount_received"], 2000);
    let charge = intent["latest_charge"].as_str().unwrap();
    assert_eq!(
        shop.told(&[&id(&intent), charge]),
        ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    );
}

#[tokio::test]
async fn authorising_capturing_and_releasing_are_told_in_their_order() {
    let shop = Shop::open().await;
    let captured = shop.captured().await;
    let charge = shop.intent(&captured).await["latest_charge"].as_str().unwrap().to_owned();
    assert_eq!(
        shop.told(&[&captured, &charge]),
        [
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.amount_capturable_updated",
            "charge.captured",
            "payment_intent.succeeded",
        ]
    );

    let released = shop.authorised().await;
    shop.post(&format!("/v1/payment_intents/{released}/cancel"), &[]).await.ok();
    let charge = shop.intent(&released).await["latest_charge"].as_str().unwrap().to_owned();
    assert_eq!(shop.told(&[&released, &charge])[3..], ["charge.refunded", "payment_intent.canceled"]);
    let charge = shop.get(&format!("/v1/charges/{charge}"), &[]).await.ok();
    assert_eq!((&charge["captured"], &charge["refunded"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn an_intent_can_be_made_first_and_confirmed_later() {
    let shop = Shop::open().await;
    let params = [("amount", "2000"), ("currency", "USD"), ("payment_method_types[]", "card")];
    let intent = shop.post("/v1/payment_intents", &params).await.ok();
    assert_eq!(intent["status"], "requires_payment_method");
    assert_eq!(intent["currency"], "usd");
    let path = format!("/v1/payment_intents/{}/confirm", id(&intent));
    let error = shop.post(&path, &[]).await.error(400);
    assert!(error["message"].as_str().unwrap().contains("missing a payment method"));
    let paid = shop.post(&path, &[("payment_method", "pm_card_visa")]).await.ok();
    assert_eq!(paid["status"], "succeeded");
    let error = shop.post(&path, &[("payment_method", "pm_card_visa")]).await.error(400);
    assert_eq!(error["code"], "payment_intent_unexpected_state");
    assert_eq!(error["payment_intent"]["status"], "succeeded");
}

#[tokio::test]
async fn an_intent_with_a_card_waits_for_its_confirmation() {
    let shop = Shop::open().await;
    let params = [
        ("amount", "2000"),
        ("currency", "usd"),
        ("payment_method_types[]", "card"),
        ("payment_method", "pm_card_amex"),
        ("capture_method", "manual"),
    ];
    let intent = shop.post("/v1/payment_intents", &params).await.ok();
    assert_eq!(intent["status"], "requires_confirmation");
    let path = format!("/v1/payment_intents/{}/confirm", id(&intent));
    assert_eq!(shop.post(&path, &[]).await.ok()["status"], "requires_capture");
    let error = shop.post(&path, &[]).await.error(400);
    assert_eq!(error["code"], "payment_intent_unexpected_state");
}

#[tokio::test]
async fn only_held_money_is_captured_and_only_once() {
    let shop = Shop::open().await;
    let captured = shop.captured().await;
    let error = shop.post(&format!("/v1/payment_intents/{captured}/capture"), &[]).await.error(400);
    assert_eq!(error["code"], "payment_intent_unexpected_state");
    assert_eq!(
        error["message"],
        "This PaymentIntent could not be captured because it has already been captured."
    );
    assert_eq!(error["payment_intent"]["id"], captured.as_str());

    let canceled = shop.authorised().await;
    shop.post(&format!("/v1/payment_intents/{canceled}/cancel"), &[]).await.ok();
    let error = shop.post(&format!("/v1/payment_intents/{canceled}/capture"), &[]).await.error(400);
    assert_eq!(error["code"], "payment_intent_unexpected_state");
    assert!(error["message"].as_str().unwrap().contains("it has a status of canceled"));
    assert_eq!(error["payment_intent"]["status"], "canceled");
}

#[tokio::test]
async fn a_part_can_be_captured_but_never_more_than_is_held() {
    let shop = Shop::open().await;
    let path = format!("/v1/payment_intents/{}/capture", shop.authorised().await);
    let error = shop.post(&path, &[("amount_to_capture", "2001")]).await.error(400);
    assert_eq!((&error["code"], &error["param"]), (&json!("amount_too_large"), &json!("amount_to_capture")));
    shop.post(&path, &[("amount_to_capture", "0")]).await.error(400);
    let captured = shop.post(&path, &[("amount_to_capture", "1500")]).await.ok();
    assert_eq!((&captured["amount_received"], &captured["amount"]), (&json!(1500), &json!(2000)));
    assert_eq!(shop.stripe.captured_minus_refunded("usd"), 1500);
}

#[tokio::test]
async fn a_canceled_intent_names_when_and_why() {
    let shop = Shop::open().await;
    let path = format!("/v1/payment_intents/{}/cancel", shop.authorised().await);
    shop.post(&path, &[("cancellation_reason", "mood")]).await.error(400);
    let canceled = shop.post(&path, &[("cancellation_reason", "abandoned")]).await.ok();
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(canceled["cancellation_reason"], "abandoned");
    assert_eq!(canceled["amount_capturable"], 0);
    assert!(canceled["canceled_at"].as_i64().unwrap() >= canceled["created"].as_i64().unwrap());
    assert_eq!(shop.stripe.open_authorisations(), []);
}

#[tokio::test]
async fn what_was_taken_or_canceled_can_not_be_canceled() {
    let shop = Shop::open().await;
    let canceled = shop.authorised().await;
    shop.post(&format!("/v1/payment_intents/{canceled}/cancel"), &[]).await.ok();
    for (intent, status) in [(shop.captured().await, "succeeded"), (canceled, "canceled")] {
        let error = shop.post(&format!("/v1/payment_intents/{intent}/cancel"), &[]).await.error(400);
        assert_eq!(error["code"], "payment_intent_unexpected_state");
        assert_eq!(error["payment_intent"]["status"], status);
    }
}

#[tokio::test]
async fn a_hold_that_the_bank_let_go_can_not_be_captured() {
    let shop = Shop::open().await;
    let intent = shop.authorised().await;
    shop.stripe.expire_authorisation(&intent).unwrap();
    let after = shop.intent(&intent).await;
    assert_eq!((&after["status"], &after["cancellation_reason"]), (&json!("canceled"), &json!("automatic")));
    shop.post(&format!("/v1/payment_intents/{intent}/capture"), &[]).await.error(400);
    shop.stripe.expire_authorisation(&intent).unwrap_err();
}

#[tokio::test]
async fn a_card_that_needs_authentication_waits_for_its_buyer() {
    let shop = Shop::open().await;
    for (result, status) in [("complete", "requires_capture"), ("fail", "requires_payment_method")] {
        let intent = shop.pay("manual", "tok_threeDSecure2Required").await.ok();
        assert_eq!(intent["status"], "requires_action");
        assert_eq!(shop.told(&[&id(&intent)])[1..], ["payment_intent.requires_action"]);
        let page = intent["next_action"]["redirect_to_url"]["url"].as_str().unwrap();
        shop.client.post(page).body(format!("result={result}")).send().await.unwrap();
        let after = shop.intent(&id(&intent)).await;
        assert_eq!(after["status"], status);
        assert!(after["next_action"].is_null());
    }
    let failed = &shop.get("/v1/payment_intents", &[("limit", "1")]).await.ok()["data"][0];
    assert_eq!(failed["last_payment_error"]["code"], "payment_intent_authentication_failure");
}

#[tokio::test]
async fn parameters_that_are_missing_wrong_or_misspelt_are_refused_by_name() {
    let shop = Shop::open().await;
    for (params, code, param) in [
        (&[("currency", "usd")][..], "parameter_missing", "amount"),
        (&[("amount", "2000")], "parameter_missing", "currency"),
        (&[("amount", "20.5"), ("currency", "usd")], "parameter_invalid_integer", "amount"),
        (&[("amount", "0"), ("currency", "usd")], "parameter_invalid_integer", "amount"),
        (&[("amount", "49"), ("currency", "usd")], "amount_too_small", "amount"),
        (&[("amount", "100000000"), ("currency", "usd")], "amount_too_large", "amount"),
        (&[("amount", "12341"), ("currency", "kwd")], "parameter_invalid_integer", "amount"),
        (&[("amount", "2000"), ("currency", "")], "parameter_invalid_empty", "currency"),
        (&[("amount", "2000"), ("currency", "usd"), ("colour", "red")], "parameter_unknown", "colour"),
    ] {
        let error = shop.post("/v1/payment_intents", params).await.error(400);
        assert_eq!((&error["code"], &error["param"]), (&json!(code), &json!(param)), "{params:?}");
    }
    assert_eq!(shop.stripe.ledger(), []);
}

#[tokio::test]
async fn a_currency_without_decimals_is_counted_in_whole_units() {
    let shop = Shop::open().await;
    let intent = shop.post("/v1/payment_intents", &[("amount", "500"), ("currency", "jpy")]).await.ok();
    assert_eq!((&intent["amount"], &intent["currency"]), (&json!(500), &json!("jpy")));
}

#[tokio::test]
async fn a_confirmation_that_could_redirect_needs_a_way_back_since_the_version_that_says_so() {
    let shop = Shop::open().await;
    let params =
        [("amount", "2000"), ("currency", "usd"), ("confirm", "true"), ("payment_method", "pm_card_visa")];
    let error = shop.post("/v1/payment_intents", &params).await.error(400);
    assert!(error["message"].as_str().unwrap().contains("you must provide a `return_url`"));
    let with_more = |more: &[(&'static str, &'static str)]| [&params[..], more].concat();
    for more in [
        &[("return_url", "https://shop.example/back")][..],
        &[("payment_method_types[]", "card")],
        &[
            ("automatic_payment_methods[enabled]", "true"),
            ("automatic_payment_methods[allow_redirects]", "never"),
        ],
    ] {
        shop.post("/v1/payment_intents", &with_more(more)).await.ok();
    }
    let old = shop.request(Method::POST, "/v1/payment_intents", &params);
    send(old.header("stripe-version", "2022-11-15")).await.unwrap().ok();
}

#[tokio::test]
async fn the_charge_of_an_intent_can_be_asked_for_with_it() {
    let shop = Shop::open().await;
    let path = format!("/v1/payment_intents/{}", shop.authorised().await);
    let intent = shop.get(&path, &[("expand[]", "latest_charge")]).await.ok();
    assert_eq!(intent["latest_charge"]["object"], "charge");
    shop.get(&path, &[("expand[]", "customer")]).await.error(400);
}
