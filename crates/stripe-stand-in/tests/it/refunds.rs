//! Refunds.

use serde_json::json;

use crate::shop::{Shop, id};

#[tokio::test]
async fn captured_money_goes_back_in_parts_and_never_more_than_there_is() {
    let shop = Shop::open().await;
    let intent = shop.captured().await;
    let params = [
        ("payment_intent", intent.as_str()),
        ("amount", "500"),
        ("reason", "requested_by_customer"),
        ("metadata[order]", "o1"),
    ];
    let refund = shop.post("/v1/refunds", &params).await.ok();
    assert_eq!((&refund["object"], &refund["status"]), (&json!("refund"), &json!("succeeded")));
    assert_eq!((&refund["amount"], &refund["payment_intent"]), (&json!(500), &json!(intent)));
    assert_eq!(
        (&refund["reason"], &refund["metadata"]["order"]),
        (&json!("requested_by_customer"), &json!("o1"))
    );
    assert_eq!(shop.stripe.captured_minus_refunded("usd"), 1500);

    let error = shop.post("/v1/refunds", &[("payment_intent", &intent), ("amount", "1501")]).await.error(400);
    assert_eq!(
        error["message"],
        "Refund amount (15.01 USD) is greater than unrefunded amount on charge (15.00 USD)"
    );
    let rest = shop.post("/v1/refunds", &[("payment_intent", &intent)]).await.ok();
    assert_eq!(rest["amount"], 1500);
    let error = shop.post("/v1/refunds", &[("payment_intent", &intent)]).await.error(400);
    assert_eq!(error["code"], "charge_already_refunded");
    assert_eq!(shop.stripe.captured_minus_refunded("usd"), 0);

    let charge = shop.intent(&intent).await["latest_charge"].as_str().unwrap().to_owned();
    let charge = shop.get(&format!("/v1/charges/{charge}"), &[]).await.ok();
    assert_eq!((&charge["refunded"], &charge["amount_refunded"]), (&json!(true), &json!(2000)));
    let listed = shop.get("/v1/refunds", &[("payment_intent", &intent)]).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_refund_can_name_the_charge_and_is_told() {
    let shop = Shop::open().await;
    let intent = shop.captured().await;
    let charge = shop.intent(&intent).await["latest_charge"].as_str().unwrap().to_owned();
    let refund = shop.post("/v1/refunds", &[("charge", &charge)]).await.ok();
    let refund_id = id(&refund);
    assert_eq!(shop.told(&[&refund_id]), ["refund.created", "refund.updated"]);
    assert_eq!(shop.told(&[&charge]), ["charge.succeeded", "charge.captured", "charge.refunded"]);
    let after = shop.get(&format!("/v1/refunds/{refund_id}"), &[]).await.ok();
    assert_eq!(after["destination_details"]["card"]["reference_status"], "available");
}

#[tokio::test]
async fn money_that_was_not_taken_is_not_refunded() {
    let shop = Shop::open().await;
    let held = shop.authorised().await;
    let error = shop.post("/v1/refunds", &[("payment_intent", &held)]).await.error(400);
    assert!(error["message"].as_str().unwrap().contains("You must cancel the PaymentIntent"));

    shop.post(&format!("/v1/payment_intents/{held}/cancel"), &[]).await.ok();
    let declined = shop.pay("manual", "tok_chargeDeclined").await.error(402);
    for intent in [held, id(&declined["payment_intent"])] {
        let error = shop.post("/v1/refunds", &[("payment_intent", &intent)]).await.error(400);
        let message = format!("This PaymentIntent ({intent}) does not have a successful charge to refund.");
        assert_eq!(error["message"], message);
    }
}

#[tokio::test]
async fn a_refund_of_nothing_is_refused() {
    let shop = Shop::open().await;
    shop.post("/v1/refunds", &[]).await.error(400);
    let error = shop.post("/v1/refunds", &[("payment_intent", "pi_1")]).await.error(400);
    assert_eq!((&error["code"], &error["param"]), (&json!("resource_missing"), &json!("payment_intent")));
    let intent = shop.captured().await;
    let error = shop.post("/v1/refunds", &[("payment_intent", &intent), ("amount", "0")]).await.error(400);
    assert_eq!(error["code"], "parameter_invalid_integer");
}
