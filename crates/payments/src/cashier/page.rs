//! A page on which a buyer may pay: looked at, and closed.

use super::{Begin, Cashier, Left, NOTHING_PAID, StepError};
use crate::{
    payment::Payment,
    stripe::{CallError, Session, SessionStatus},
};

impl Cashier {
    /// Looks whether the buyer has paid on his page.
    pub(super) async fn look_at_page(&self, payment: &Payment) -> Result<Left, StepError> {
        let Some(session) = &payment.session else { return Ok(Left::Look) };
        let session = self.stripe.session(session).await?;
        self.read_page(payment, &session)
            .await
            .map(|read| if read.is_some() { Left::Nothing } else { Left::Look })
    }

    /// Closes a page; unless the buyer was faster, who then has paid.
    pub(super) async fn close_page(&self, payment: &Payment) -> Result<Left, StepError> {
        Ok(match self.close(payment).await? {
            Some(_) => Left::Nothing,
            None => Left::More,
        })
    }

    /// Closes the page of a payment. What came of the payment, or `None` if it has to be closed again.
    ///
    /// # Errors
    /// When it is not known whether the page is closed.
    pub async fn close(&self, payment: &Payment) -> Result<Option<Begin>, StepError> {
        let Some(id) = &payment.session else { return Ok(None) };
        let session = match self.stripe.expire_session(payment, id).await {
            Ok(session) => session,
            Err(error @ (CallError::Unknown { .. } | CallError::Declined(_))) => return Err(error.into()),
            // It is not open any more; or the key is spent, and only a look can tell.
            Err(CallError::Refused(_) | CallError::Spent(_)) => self.stripe.session(id).await?,
        };
        let read = self.read_page(payment, &session).await?;
        if read.is_none() {
            self.store.renew_key(payment).await?;
        }
        Ok(read)
    }

    /// Writes down what a page says; `None` if the buyer can still pay on it.
    async fn read_page(&self, payment: &Payment, session: &Session) -> Result<Option<Begin>, StepError> {
        match (session.status, &session.payment_intent) {
            (SessionStatus::Complete, Some(intent)) => {
                let intent = self.stripe.intent(intent).await?;
                self.adopt(payment, &intent).await.map(Some)
            }
            (SessionStatus::Expired, _) => {
                self.store.close(payment, NOTHING_PAID).await?;
                Ok(Some(Begin::Nothing))
            }
            (SessionStatus::Open, _) => Ok(None),
            (status, _) => Err(CallError::lost(format!("the page is {status:?}")).into()),
        }
    }
}
