//! PaymentIntents: made with a card's token, looked up, captured, cancelled.

use axum::http::Method as Verb;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Call, CallError, Intent, Stripe, form::Form, objects::List};
use crate::payment::Payment;

/// Intents in one page of a list, the most that Stripe gives.
const PAGE: usize = 100;
/// Pages that one look-up reads. Behind them it does not know.
const MOST_PAGES: usize = 50;
/// Clocks differ by less, in seconds.
const SKEW_S: i64 = 300;

impl Stripe {
    /// Asks the card's bank to hold the money of this payment, with a card's token.
    ///
    /// # Errors
    /// For a declined card, and when it is not known what was done.
    pub async fn create_intent(&self, payment: &Payment, token: &SecretString) -> Result<Intent, CallError> {
        let form = Form::new()
            .with("amount", &payment.amount.to_string())
            .with("currency", payment.currency.as_str())
            .with("capture_method", "manual")
            .with("confirm", "true")
            .with("payment_method_types[0]", "card")
            .with("payment_method_data[type]", "card")
            .with("payment_method_data[card][token]", token.expose_secret())
            .with("error_on_requires_action", "true")
            .with("description", &description(payment))
            .with("metadata[payment]", payment.id.as_str())
            .with("metadata[order]", payment.order_id.as_str());
        self.post(Call::CreateIntent, "/v1/payment_intents", form, &payment.key("intent")).await
    }

    /// An intent as it stands.
    ///
    /// # Errors
    /// When Stripe does not say.
    pub async fn intent(&self, intent: &str) -> Result<Intent, CallError> {
        self.get(Call::GetIntent, &format!("/v1/payment_intents/{intent}"), Form::new()).await
    }

    /// The intent that was made for this payment, found by what we wrote on it; `None` if there surely is none.
    ///
    /// # Errors
    /// When Stripe does not say, or has too many to look through.
    pub async fn find_intent(&self, payment: &Payment) -> Result<Option<Intent>, CallError> {
        let since = (payment.created_at.timestamp() - SKEW_S).to_string();
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut form = Form::new().with("created[gte]", &since).with("limit", &PAGE.to_string());
            if let Some(after) = &after {
                form = form.with("starting_after", after);
            }
            let List::<Intent> { data, has_more } =
                self.get(Call::ListIntents, "/v1/payment_intents", form).await?;
            after = data.last().map(|intent| intent.id.clone());
            let is_ours = |intent: &Intent| intent.metadata.payment.as_deref() == Some(payment.id.as_str());
            if let Some(found) = data.into_iter().find(is_ours) {
                return Ok(Some(found));
            }
            if !has_more || after.is_none() {
                return Ok(None);
            }
        }
        Err(CallError::lost("there are too many intents to look through"))
    }

    /// Takes the money that an intent holds.
    ///
    /// # Errors
    /// When the intent holds none, and when it is not known what was done.
    pub async fn capture(&self, payment: &Payment, intent: &str) -> Result<Intent, CallError> {
        let path = format!("/v1/payment_intents/{intent}/capture");
        self.post(Call::Capture, &path, Form::new(), &payment.key("capture")).await
    }

    /// Lets go of the money that an intent holds, or ends one that holds none.
    ///
    /// # Errors
    /// When the intent is over, and when it is not known what was done.
    pub async fn cancel(&self, payment: &Payment, intent: &str) -> Result<Intent, CallError> {
        let path = format!("/v1/payment_intents/{intent}/cancel");
        let form = Form::new().with("cancellation_reason", "abandoned");
        self.post(Call::Cancel, &path, form, &payment.key("release")).await
    }

    pub(super) async fn post<T: serde::de::DeserializeOwned>(
        &self,
        call: Call,
        path: &str,
        form: Form,
        key: &str,
    ) -> Result<T, CallError> {
        self.transport.call(call, Verb::POST, path, form, Some(key), self.limit).await
    }

    pub(super) async fn get<T: serde::de::DeserializeOwned>(
        &self,
        call: Call,
        path: &str,
        form: Form,
    ) -> Result<T, CallError> {
        self.transport.call(call, Verb::GET, path, form, None, self.limit).await
    }
}

/// What the buyer and the seller see of it at Stripe.
pub(super) fn description(payment: &Payment) -> String {
    format!("Ticket, order {}", payment.order_id)
}
