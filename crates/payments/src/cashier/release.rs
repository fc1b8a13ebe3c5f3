//! Giving money back: letting go of what is held, refunding what was taken.

use common::event::SettledOutcome;
use tracing::warn;

use super::{Cashier, Left, StepError};
use crate::{
    payment::{Payment, Status},
    stripe::{CallError, Intent, IntentStatus, RefundStatus},
};

impl Cashier {
    /// Of a payment that was rejected; or, without a word to anybody, of one that was declined or given up before it was told.
    pub(super) async fn give_back(&self, payment: &Payment) -> Result<Left, StepError> {
        let Some(id) = &payment.intent else {
            return self.given_back(payment, SettledOutcome::Released).await;
        };
        let intent = match payment.status {
            Status::Captured => self.stripe.intent(id).await?,
            _ => match self.stripe.cancel(payment, id).await {
                Ok(intent) => intent,
                Err(error @ CallError::Unknown { .. }) => return Err(error.into()),
                // It is over, or the key is spent: what is true is what the intent says.
                Err(CallError::Refused(_) | CallError::Declined(_) | CallError::Spent(_)) => {
                    self.stripe.intent(id).await?
                }
            },
        };
        match intent.status {
            IntentStatus::Canceled => self.given_back(payment, SettledOutcome::Released).await,
            IntentStatus::Succeeded => self.refund(payment, &intent).await,
            IntentStatus::Processing | IntentStatus::Unknown => Ok(Left::Look),
            _ => self.try_with_a_new_key(payment, "released").await,
        }
    }

    async fn refund(&self, payment: &Payment, intent: &Intent) -> Result<Left, StepError> {
        match self.stripe.refund(payment, &intent.id).await {
            Ok(refund) => match refund.status {
                RefundStatus::Succeeded | RefundStatus::Pending | RefundStatus::Unknown => {
                    self.given_back(payment, SettledOutcome::Refunded).await
                }
                RefundStatus::Failed | RefundStatus::Canceled => {
                    self.given_back(payment, SettledOutcome::Failed).await
                }
            },
            Err(error @ CallError::Unknown { .. }) => Err(error.into()),
            Err(CallError::Refused(_) | CallError::Declined(_) | CallError::Spent(_)) => {
                if self.stripe.is_refunded(intent).await? {
                    self.given_back(payment, SettledOutcome::Refunded).await
                } else {
                    self.try_with_a_new_key(payment, "refunded").await
                }
            }
        }
    }

    async fn given_back(&self, payment: &Payment, outcome: SettledOutcome) -> Result<Left, StepError> {
        match payment.status {
            // Nobody was told of it, so nobody waits for its end.
            Status::Declined | Status::Closed => self.store.lay_to_rest(payment).await?,
            _ => self.store.settle(payment, outcome).await?,
        }
        Ok(Left::Nothing)
    }

    async fn try_with_a_new_key(&self, payment: &Payment, what: &str) -> Result<Left, StepError> {
        warn!(payment = %payment.id, "payment {} is not {what} yet, and is tried with a new key", payment.id);
        self.store.renew_key(payment).await?;
        Ok(Left::More)
    }
}
