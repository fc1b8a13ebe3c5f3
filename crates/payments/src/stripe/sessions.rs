//! Checkout Sessions: a page of Stripe's on which the buyer pays, so that no card number passes through here.

use chrono::TimeDelta;

use super::{Call, CallError, Session, Stripe, form::Form, intents::description};
use crate::{config::PublicUrl, payment::Payment};

/// How long a page may be paid on. Stripe takes no less than 30 minutes, also from a call that comes late; an order's time
/// is over sooner, and then it is closed by a call.
const LIFE: TimeDelta = TimeDelta::hours(1);

impl Stripe {
    /// Makes the page for this payment. From it the buyer comes back to `public_url`.
    ///
    /// # Errors
    /// When it is not known what was done.
    pub async fn create_session(
        &self,
        payment: &Payment,
        public_url: &PublicUrl,
    ) -> Result<Session, CallError> {
        let Payment { id, order_id, .. } = payment;
        let back = |how: &str| format!("{}/orders/{order_id}?payment={how}", public_url.as_str());
        let form = Form::new()
            .with("mode", "payment")
            .with("payment_method_types[0]", "card")
            .with("line_items[0][quantity]", "1")
            .with("line_items[0][price_data][currency]", payment.currency.as_str())
            .with("line_items[0][price_data][unit_amount]", &payment.amount.to_string())
            .with("line_items[0][price_data][product_data][name]", &description(payment))
            .with("payment_intent_data[capture_method]", "manual")
            .with("payment_intent_data[description]", &description(payment))
            .with("payment_intent_data[metadata][payment]", id.as_str())
            .with("payment_intent_data[metadata][order]", order_id.as_str())
            .with("metadata[payment]", id.as_str())
            .with("metadata[order]", order_id.as_str())
            .with("client_reference_id", order_id.as_str())
            .with("success_url", &back("done"))
            .with("cancel_url", &back("back"))
            .with("expires_at", &(payment.created_at + LIFE).timestamp().to_string());
        self.post(Call::CreateSession, "/v1/checkout/sessions", form, &payment.key("intent")).await
    }

    /// A page as it stands.
    ///
    /// # Errors
    /// When Stripe does not say.
    pub async fn session(&self, session: &str) -> Result<Session, CallError> {
        self.get(Call::GetSession, &format!("/v1/checkout/sessions/{session}"), Form::new()).await
    }

    /// Closes a page, so that nobody can pay on it any more.
    ///
    /// # Errors
    /// When it is not open, and when it is not known what was done.
    pub async fn expire_session(&self, payment: &Payment, session: &str) -> Result<Session, CallError> {
        let path = format!("/v1/checkout/sessions/{session}/expire");
        self.post(Call::ExpireSession, &path, Form::new(), &payment.key("expire")).await
    }
}
