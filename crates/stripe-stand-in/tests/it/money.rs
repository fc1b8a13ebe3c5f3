//! The ledger.

use std::collections::BTreeMap;

use stripe_stand_in::{IntentStatus, LedgerEntry};

use crate::shop::{Shop, id};

#[tokio::test]
async fn the_ledger_sums_up_what_was_taken_and_what_went_back() {
    let shop = Shop::open().await;
    let held = shop.authorised().await;
    let taken = shop.captured().await;
    let refunded = shop.captured().await;
    shop.post("/v1/refunds", &[("payment_intent", &refunded), ("amount", "700")]).await.ok();
    let released = shop.authorised().await;
    shop.post(&format!("/v1/payment_intents/{released}/cancel"), &[]).await.ok();
    let yen = [
        ("amount", "900"),
        ("currency", "jpy"),
        ("confirm", "true"),
        ("payment_method", "pm_card_visa"),
        ("payment_method_types[]", "card"),
    ];
    let yen = id(&shop.post("/v1/payment_intents", &yen).await.ok());
    let declined = shop.pay("manual", "tok_chargeDeclined").await.error(402);

    let ledger = shop.stripe.ledger();
    let entry = |intent: &str| ledger.iter().find(|entry| entry.intent == intent).unwrap();
    assert_eq!(
        entry(&refunded),
        &LedgerEntry {
            intent: refunded.clone(),
            session: None,
            amount: 2000,
            currency: "usd".to_owned(),
            status: IntentStatus::Succeeded,
            captured: 2000,
            refunded: 700,
            metadata: BTreeMap::from([("order".to_owned(), "o 1".to_owned())]),
        }
    );
    let sums = [&held, &taken, &refunded, &released, &yen].map(|intent| entry(intent).net());
    assert_eq!(sums, [0, 2000, 1300, 0, 900]);
    assert_eq!(entry(&released).status, IntentStatus::Canceled);
    assert_eq!(entry(&id(&declined["payment_intent"])).status, IntentStatus::RequiresPaymentMethod);
    assert_eq!(shop.stripe.captured_minus_refunded("usd"), 3300);
    assert_eq!(shop.stripe.captured_minus_refunded("jpy"), 900);
    assert_eq!(shop.stripe.captured_minus_refunded("eur"), 0);
    let open: Vec<_> = shop.stripe.open_authorisations().into_iter().map(|entry| entry.intent).collect();
    assert_eq!(open, [held]);
}
