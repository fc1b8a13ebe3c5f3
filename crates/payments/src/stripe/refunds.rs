//! Giving back money that was taken.

use super::{Call, CallError, Intent, Refund, Stripe, form::Form, objects::Charge};
use crate::payment::Payment;

impl Stripe {
    /// Gives back all that an intent has taken.
    ///
    /// # Errors
    /// When there is nothing to give back, and when it is not known what was done.
    pub async fn refund(&self, payment: &Payment, intent: &str) -> Result<Refund, CallError> {
        let form = Form::new()
            .with("payment_intent", intent)
            .with("metadata[payment]", payment.id.as_str())
            .with("metadata[order]", payment.order_id.as_str());
        self.post(Call::Refund, "/v1/refunds", form, &payment.key("refund")).await
    }

    /// Whether all that an intent has taken is on its way back.
    ///
    /// # Errors
    /// When Stripe does not say.
    pub async fn is_refunded(&self, intent: &Intent) -> Result<bool, CallError> {
        let Some(charge) = &intent.latest_charge else { return Ok(false) };
        let charge: Charge = self.get(Call::GetCharge, &format!("/v1/charges/{charge}"), Form::new()).await?;
        Ok(charge.refunded)
    }
}
