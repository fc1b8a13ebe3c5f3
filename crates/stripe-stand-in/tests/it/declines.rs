//! Cards that don't pay.

use serde_json::{Value, json};

use crate::shop::{Shop, confirmed, id};

#[tokio::test]
async fn each_declining_token_answers_with_its_code_and_message() {
    let shop = Shop::open().await;
    let generic = "Your card was declined.";
    for (token, code, decline_code, message) in [
        ("tok_chargeDeclined", "card_declined", Some("generic_decline"), generic),
        ("tok_visa_chargeDeclined", "card_declined", Some("generic_decline"), generic),
        (
            "tok_chargeDeclinedInsufficientFunds",
            "card_declined",
            Some("insufficient_funds"),
            "Your card has insufficient funds.",
        ),
        ("tok_visa_chargeDeclinedLostCard", "card_declined", Some("lost_card"), generic),
        ("tok_visa_chargeDeclinedStolenCard", "card_declined", Some("stolen_card"), generic),
        ("tok_chargeDeclinedExpiredCard", "expired_card", None, "Your card has expired."),
        ("tok_chargeDeclinedIncorrectCvc", "incorrect_cvc", None, "Your card's security code is incorrect."),
        (
            "tok_chargeDeclinedProcessingError",
            "processing_error",
            None,
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    ] {
        let error = shop.pay("manual", token).await.error(402);
        assert_eq!(error["type"], "card_error", "{token}");
        assert_eq!(error["code"], code, "{token}");
        assert_eq!(error["decline_code"].as_str(), decline_code, "{token}");
        assert_eq!(error["message"], message, "{token}");
        let intent = &error["payment_intent"];
        assert_eq!(intent["status"], "requires_payment_method", "{token}");
        assert_eq!(intent["last_payment_error"]["message"], message, "{token}");
        assert_eq!(intent["latest_charge"], error["charge"], "{token}");
        assert!(intent["payment_method"].is_null());
    }
    assert_eq!(shop.stripe.open_authorisations(), []);
    assert_eq!(shop.stripe.captured_minus_refunded("usd"), 0);
}

#[tokio::test]
async fn a_decline_is_told_and_another_card_can_pay_the_same_intent() {
    let shop = Shop::open().await;
    let error = shop.pay("manual", "tok_chargeDeclined").await.error(402);
    let intent = id(&error["payment_intent"]);
    assert_eq!(shop.told(&[&intent]), ["payment_intent.created", "payment_intent.payment_failed"]);
    let path = format!("/v1/payment_intents/{intent}/confirm");
    let paid = shop.post(&path, &[("payment_method", "pm_card_visa")]).await.ok();
    assert_eq!(paid["status"], "requires_capture");
    assert!(paid["last_payment_error"].is_null());
    let error = shop.pay("manual", "tok_chargeDeclined").await.error(402);
    let charge = error["charge"].as_str().unwrap();
    let charge = shop.get(&format!("/v1/charges/{charge}"), &[]).await.ok();
    assert_eq!((&charge["status"], &charge["paid"]), (&json!("failed"), &json!(false)));
    assert_eq!(charge["failure_code"], "card_declined");
}

#[tokio::test]
async fn a_bank_that_asks_is_a_decline_for_a_client_that_can_not_answer() {
    let shop = Shop::open().await;
    let params =
        [&confirmed("manual", "tok_threeDSecure2Required")[..], &[("error_on_requires_action", "true")]];
    let error = shop.post("/v1/payment_intents", &params.concat()).await.error(402);
    assert_eq!(error["code"], "authentication_required");
    assert_eq!(error["decline_code"], "authentication_required");
    assert_eq!(error["message"], "Your card was declined. This transaction requires authentication.");
    assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
}

#[tokio::test]
async fn an_unknown_token_or_payment_method_is_missing() {
    let shop = Shop::open().await;
    let error = shop.pay("manual", "tok_nobody").await.error(400);
    assert_missing(&error, "payment_method_data[card][token]", "No such token: 'tok_nobody'");
    let params = [("amount", "2000"), ("currency", "usd"), ("payment_method", "pm_nobody")];
    let error = shop.post("/v1/payment_intents", &params).await.error(400);
    assert_missing(&error, "payment_method", "No such PaymentMethod: 'pm_nobody'");
    assert_eq!(shop.stripe.ledger(), []);
}

fn assert_missing(error: &Value, param: &str, message: &str) {
    assert_eq!(error["code"], "resource_missing");
    assert_eq!(error["param"], param);
    assert_eq!(error["message"], message);
}

#[tokio::test]
async fn a_card_number_is_not_taken_by_the_api() {
    let shop = Shop::open().await;
    let params = [
        ("amount", "2000"),
        ("currency", "usd"),
        ("payment_method_data[type]", "card"),
        ("payment_method_data[card][number]", "4242424242424242"),
    ];
    let answer = shop.post("/v1/payment_intents", &params).await;
    assert!(!answer.body.to_string().contains("4242424242424242"));
    answer.error(400);
}
