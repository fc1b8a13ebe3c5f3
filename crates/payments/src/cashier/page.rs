//! A page on which a buyer may pay: opened, looked at, and closed.

use tracing::{debug, warn};

use super::{Begin, Cashier, Left, NOTHING_PAID, StepError, begin::refused};
use crate::{
    payment::{Decision, Payment},
    stripe::{CallError, Session, SessionStatus},
};

impl Cashier {
    pub(super) async fn open_page(&self, payment: &Payment) -> Result<Begin, StepError> {
        // A page whose address nobody was told can't be paid on: it is left to expire.
        if payment.key_is_too_old() || payment.decision == Some(Decision::Close) {
            self.store.close(payment, NOTHING_PAID).await?;
            return Ok(Begin::Nothing);
        }
        match self.stripe.create_session(payment, &self.public_url).await {
            Ok(Session { id, url: Some(url), .. }) => {
                if self.store.open(payment, &id, &url).await? {
                    return Ok(Begin::Open(url));
                }
                self.page_overtaken(payment, &id).await
            }
            Ok(_) => {
                self.store.close(payment, NOTHING_PAID).await?;
                Ok(Begin::Nothing)
            }
            Err(CallError::Refused(refusal)) => {
                self.store.close(payment, NOTHING_PAID).await?;
                Ok(refused(payment, &refusal))
            }
            Err(CallError::Spent(reason)) => {
                warn!(payment = %payment.id, "the page of payment {} is lost: {reason}", payment.id);
                self.store.close(payment, NOTHING_PAID).await?;
                Ok(Begin::Nothing)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Somebody else has taken the payment further while its page was made.
    async fn page_overtaken(&self, payment: &Payment, session: &str) -> Result<Begin, StepError> {
        let now = self.store.find(&payment.id).await?;
        Ok(match now.as_ref().and_then(Begin::of) {
            Some(begin @ (Begin::Open(_) | Begin::Authorised)) => begin,
            _ => {
                // Nobody is told of this page. Left open, what is paid on it would go back all the same.
                if let Err(error) = self.stripe.expire_session(payment, session).await {
                    debug!(payment = %payment.id, "a page that nobody needs is left to expire: {error}");
                }
                Begin::Nothing
            }
        })
    }

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
