//! How a buyer pays: with a card's token, or on the provider's page.

use std::time::Duration;

use common::event::Id;
use reqwest::Method;
use serde_json::{Value, json};

use super::{http::Reply, people::Somebody, plan::Card, stage::Stage};

impl Card {
    /// As the card form of Stripe makes one.
    fn token(self) -> &'static str {
        match self {
            Self::Good => "tok_visa",
            Self::Declined => "tok_chargeDeclined",
        }
    }

    /// What is typed into Stripe's page.
    fn form(self) -> &'static str {
        match self {
            Self::Good => "number=4242424242424242&expiry=12%2F40&cvc=123&name=A+Buyer",
            Self::Declined => "number=4000000000000002&expiry=12%2F40&cvc=123&name=A+Buyer",
        }
    }
}

/// The same request again is the same payment, so a lost answer is asked for again.
pub(super) async fn pays(stage: &Stage, buyer: &Somebody, order: &Id, card: Card) {
    let payment = json!({ "orderId": order, "token": card.token() });
    begins(stage, buyer, order, &payment).await;
}

/// Asks for the page, and pays there a while later, whatever became of the order meanwhile.
pub(super) async fn pays_on_a_page(stage: &Stage, buyer: &Somebody, order: &Id, card: Card, after: Duration) {
    let Some(begun) = begins(stage, buyer, order, &json!({ "orderId": order })).await else { return };
    let Some(page) = begun["url"].as_str() else { return };
    let now = common::clock::now_ms();
    if stage.reaches_ms(now.saturating_add_unsigned(after.as_millis() as u64)).await {
        stage.http.submit(page, card.form()).await;
    }
}

async fn begins(stage: &Stage, buyer: &Somebody, order: &Id, payment: &Value) -> Option<Value> {
    let reply = stage
        .insists(|| async {
            let reply = stage.asks(buyer, Method::POST, "/api/payments", Some(payment)).await;
            // `payments` may hear of the order yet.
            if matches!(reply, Reply::Refused(404)) { Reply::NotSent } else { reply }
        })
        .await;
    let Reply::Done(answer) = reply else { return None };
    if let Some(id) = answer.body["id"].as_str().and_then(|id| id.parse().ok()) {
        stage.notes.paid(order, id);
    }
    Some(answer.body)
}
