//! PaymentIntents: made, confirmed with a card's token, looked up, captured, cancelled.

use axum::http::Method as Verb;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Call, CallError, Intent, Stripe, form::Form};
use crate::payment::Payment;

impl Stripe {
    /// Makes an intent that holds nothing until it is confirmed.
    ///
    /// # Errors
    /// When it is refused, and when it is not known whether it was made.
    pub async fn create_intent(&self, payment: &Payment) -> Result<Intent, CallError> {
        let form = Form::new()
            .with("amount", &payment.amount.to_string())
            .with("currency", payment.currency.as_str())
            .with("capture_method", "manual")
            .with("payment_method_types[0]", "card")
            .with("description", &description(payment))
            .with("metadata[payment]", payment.id.as_str())
            .with("metadata[order]", payment.order_id.as_str());
        self.post(Call::CreateIntent, "/v1/payment_intents", form, &payment.key("intent")).await
    }

    /// Asks the card's bank to hold the money of an intent, with a card's token.
    ///
    /// # Errors
    /// For a declined card, and when it is not known what was done.
    pub async fn confirm_intent(
        &self,
        payment: &Payment,
        intent: &str,
        token: &SecretString,
    ) -> Result<Intent, CallError> {
        let path = format!("/v1/payment_intents/{intent}/confirm");
        let form = Form::new()
            .with("payment_method_data[type]", "card")
            .with("payment_method_data[card][token]", token.expose_secret())
            .with("error_on_requires_action", "true");
        self.post(Call::ConfirmIntent, &path, form, &payment.key("confirm")).await
    }

    /// An intent as it stands.
    ///
    /// # Errors
    /// When Stripe does not say.
    pub async fn intent(&self, intent: &str) -> Result<Intent, CallError> {
        self.get(Call::GetIntent, &format!("/v1/payment_intents/{intent}"), Form::new()).await
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
