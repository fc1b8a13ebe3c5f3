//! Taking money that is held: its order is complete.

use common::event::SettledOutcome;
use tracing::warn;

use super::{Cashier, Left, StepError};
use crate::{
    payment::Payment,
    stripe::{CallError, IntentStatus},
};

impl Cashier {
    pub(super) async fn capture(&self, payment: &Payment) -> Result<Left, StepError> {
        let Some(id) = &payment.intent else { return Ok(Left::Look) };
        let intent = match self.stripe.capture(payment, id).await {
            Ok(intent) => intent,
            Err(error @ CallError::Unknown { .. }) => return Err(error.into()),
            // It holds nothing any more, or the key is spent: what is true is what the intent says.
            Err(CallError::Refused(_) | CallError::Declined(_) | CallError::Spent(_)) => {
                self.stripe.intent(id).await?
            }
        };
        match intent.status {
            IntentStatus::Succeeded => {
                self.store.settle(payment, SettledOutcome::Captured).await?;
                Ok(Left::Nothing)
            }
            IntentStatus::RequiresCapture => {
                warn!(payment = %payment.id, "payment {} is not captured yet, and is tried with a new key", payment.id);
                self.store.renew_key(payment).await?;
                Ok(Left::More)
            }
            IntentStatus::Processing | IntentStatus::Unknown => Ok(Left::Look),
            // Let go of at the provider, by hand or because it was held too long.
            _ => {
                self.store.settle(payment, SettledOutcome::Failed).await?;
                Ok(Left::Nothing)
            }
        }
    }
}
