//! Charging a card by its token, in two calls: an intent that holds nothing is made and noted in the payment's row, and only the
//! one in the row is confirmed.
//!
//! So money can be held by that intent alone, once, and what came of a lost call is read off it. An intent whose id was lost on
//! the way was never confirmed, and a payment without one has surely charged nothing.

use secrecy::SecretString;
use tracing::warn;

use super::{Begin, Cashier, NOTHING_PAID, StepError, begin::refused};
use crate::{
    payment::{Decision, Payment},
    stripe::{CallError, Intent},
};

impl Cashier {
    /// Takes a payment by token as far as the provider lets it come.
    pub(super) async fn charge(
        &self,
        payment: &Payment,
        token: Option<&SecretString>,
    ) -> Result<Begin, StepError> {
        let is_over = payment.decision == Some(Decision::Close);
        let token = token.filter(|_| !payment.key_is_too_old());
        match (&payment.intent, token) {
            (Some(intent), _) if is_over => self.call_off(payment, intent).await,
            (Some(intent), Some(token)) => self.confirm(payment, intent, token).await,
            (Some(intent), None) => self.find_out(payment, intent).await,
            (None, Some(token)) if !is_over => self.prepare(payment, token).await,
            (None, _) => self.nothing(payment).await,
        }
    }

    async fn prepare(&self, payment: &Payment, token: &SecretString) -> Result<Begin, StepError> {
        match self.stripe.create_intent(payment).await {
            Ok(intent) if self.store.note_intent(payment, &intent.id).await? => {
                self.confirm(payment, &intent.id, token).await
            }
            Ok(_) => self.overtaken(payment).await,
            Err(CallError::Refused(refusal)) => Ok(match self.nothing(payment).await? {
                Begin::Nothing => refused(payment, &refusal),
                begin => begin,
            }),
            Err(CallError::Spent(reason)) => self.ask_with_a_new_key(payment, &reason).await,
            Err(error @ (CallError::Unknown { .. } | CallError::Declined(_))) => Err(error.into()),
        }
    }

    async fn confirm(
        &self,
        payment: &Payment,
        intent: &str,
        token: &SecretString,
    ) -> Result<Begin, StepError> {
        match self.stripe.confirm_intent(payment, intent, token).await {
            Ok(intent) => self.adopt(payment, &intent).await,
            Err(CallError::Declined(decline)) => {
                self.store.decline(payment, &decline.message, Some(intent)).await?;
                Ok(Begin::Declined(decline.message))
            }
            Err(CallError::Refused(refusal)) => Ok(match self.find_out(payment, intent).await? {
                Begin::Nothing => refused(payment, &refusal),
                begin => begin,
            }),
            Err(CallError::Spent(reason)) => {
                let found = self.stripe.intent(intent).await?;
                if found.is_untouched() {
                    return self.ask_with_a_new_key(payment, &reason).await;
                }
                self.adopt(payment, &found).await
            }
            Err(error @ CallError::Unknown { .. }) => Err(error.into()),
        }
    }

    /// Reads off the intent what came of it when asking again can't tell. One that holds nothing is called off, so that nothing
    /// that is still on its way can charge it.
    async fn find_out(&self, payment: &Payment, intent: &str) -> Result<Begin, StepError> {
        let found = self.stripe.intent(intent).await?;
        if found.is_untouched() {
            self.call_off(payment, intent).await
        } else {
            self.adopt(payment, &found).await
        }
    }

    /// Ends the intent of a payment that nobody waits for. What it holds by then goes back.
    async fn call_off(&self, payment: &Payment, intent: &str) -> Result<Begin, StepError> {
        let left: Intent = match self.stripe.cancel(payment, intent).await {
            Ok(intent) => intent,
            Err(error @ CallError::Unknown { .. }) => return Err(error.into()),
            Err(error) => {
                let left = self.stripe.intent(intent).await?;
                if left.is_untouched() {
                    return self.ask_with_a_new_key(payment, &error.to_string()).await;
                }
                left
            }
        };
        self.adopt(payment, &left).await
    }

    /// By this payment no card was charged, and none will be; unless somebody else has noted an intent meanwhile.
    async fn nothing(&self, payment: &Payment) -> Result<Begin, StepError> {
        if self.store.close_without_intent(payment, NOTHING_PAID).await? {
            return Ok(Begin::Nothing);
        }
        self.overtaken(payment).await
    }

    /// Somebody else has taken the payment further meanwhile.
    async fn overtaken(&self, payment: &Payment) -> Result<Begin, StepError> {
        let now = self.store.find(&payment.id).await?;
        now.as_ref().and_then(Begin::of).ok_or_else(|| CallError::lost("another one is at it").into())
    }

    /// The answer kept under the key is known to have charged nothing: the payment's next one has a key of its own.
    async fn ask_with_a_new_key(&self, payment: &Payment, reason: &str) -> Result<Begin, StepError> {
        warn!(payment = %payment.id, "payment {} is asked for with a new key: {reason}", payment.id);
        self.store.renew_key(payment).await?;
        Err(CallError::lost(format!("asked for with a new key: {reason}")).into())
    }
}
