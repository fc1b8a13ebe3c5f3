//! Beginning a payment at the provider: with a card's token, or with a page.

use super::{Cashier, NOTHING_PAID, StepError};
use crate::{
    payment::{Decision, Method, Payment, Status},
    stripe::{CallError, Refusal, Session},
};
use secrecy::SecretString;
use tracing::{debug, error, warn};

/// What came of beginning a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// The money is held, and it is told.
    Authorised,
    /// The buyer can pay on this page.
    Open(String),
    /// The card was declined, for this reason.
    Declined(String),
    /// The provider knows no such token, or knows that it was used before.
    InvalidToken,
    /// The provider does not take so little or so much.
    InvalidAmount,
    /// Surely nothing was done, and by this payment nothing will be.
    Nothing,
}

impl Cashier {
    /// Has the provider begin a payment, or finds out what came of it.
    ///
    /// # Errors
    /// When it is not known what was done: begin again.
    pub async fn begin(&self, payment: &Payment) -> Result<Begin, StepError> {
        match &payment.method {
            Method::Token(Some(token)) => self.charge(payment, token).await,
            // Forgotten by whoever knows the outcome: the row says more by now.
            Method::Token(None) => self.find_out(payment).await,
            Method::Page => self.open_page(payment).await,
        }
    }

    async fn charge(&self, payment: &Payment, token: &SecretString) -> Result<Begin, StepError> {
        if payment.key_is_too_old() {
            return self.find_out(payment).await;
        }
        match self.stripe.create_intent(payment, token).await {
            Ok(intent) => self.adopt(payment, &intent).await,
            Err(CallError::Declined(decline)) => {
                self.store.decline(payment, &decline.message, decline.intent.as_deref()).await?;
                Ok(Begin::Declined(decline.message))
            }
            Err(CallError::Refused(refusal)) => {
                self.store.close(payment, NOTHING_PAID).await?;
                Ok(refused(payment, &refusal))
            }
            Err(CallError::Spent(reason)) => {
                warn!(payment = %payment.id, "looking for the intent of payment {}: {reason}", payment.id);
                self.find_out(payment).await
            }
            Err(error @ CallError::Unknown { .. }) => Err(error.into()),
        }
    }

    /// Looks for the intent when asking again can't tell any more.
    async fn find_out(&self, payment: &Payment) -> Result<Begin, StepError> {
        match self.stripe.find_intent(payment).await? {
            Some(intent) => self.adopt(payment, &intent).await,
            None => {
                self.store.close(payment, NOTHING_PAID).await?;
                Ok(Begin::Nothing)
            }
        }
    }

    async fn open_page(&self, payment: &Payment) -> Result<Begin, StepError> {
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
                self.overtaken(payment, &id).await
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
    async fn overtaken(&self, payment: &Payment, session: &str) -> Result<Begin, StepError> {
        let now = self.store.find(&payment.id).await?;
        Ok(match now.map(|payment| (payment.status, payment.url)) {
            Some((Status::Open, Some(url))) => Begin::Open(url),
            Some((Status::Authorised | Status::Captured, _)) => Begin::Authorised,
            _ => {
                // Nobody is told of this page. Left open, what is paid on it would go back all the same.
                if let Err(error) = self.stripe.expire_session(payment, session).await {
                    debug!(payment = %payment.id, "a page that nobody needs is left to expire: {error}");
                }
                Begin::Nothing
            }
        })
    }
}

/// Whose fault it is that the provider refuses.
fn refused(payment: &Payment, refusal: &Refusal) -> Begin {
    match refusal.code.as_str() {
        "amount_too_small" | "amount_too_large" => Begin::InvalidAmount,
        "token_already_used" | "token_in_use" => Begin::InvalidToken,
        _ if refusal.param.contains("token") || refusal.message.starts_with("No such token") => {
            Begin::InvalidToken
        }
        code => {
            let Refusal { status, message, .. } = refusal;
            error!(payment = %payment.id, code, "the provider refuses payment {} with {status}: {message}", payment.id);
            Begin::Nothing
        }
    }
}
