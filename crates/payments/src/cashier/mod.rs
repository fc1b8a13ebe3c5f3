//! What is done at the provider for a payment, one step at a time, and what is written down of it.
//!
//! A request and the settler take the same steps, perhaps at the same time. That is safe because the provider does once what
//! is asked under one key, and because the store takes each step once. A crash between a call and what is written of it leaves the payment
//! due: the step is taken again, with the same key.

mod begin;
mod charge;
mod page;
mod release;
mod take;

pub use begin::Begin;

use std::time::Duration;

use tracing::warn;

use crate::{
    config::PublicUrl,
    payment::{Decision, Payment, Status},
    store::Store,
    stripe::{CallError, Intent, IntentStatus, Stripe},
};

/// Takes the steps of payments. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cashier {
    store: Store,
    stripe: Stripe,
    public_url: PublicUrl,
}

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// It is not known what the provider did.
    #[error("the provider: {0}")]
    Provider(#[from] CallError),
    /// What Postgres answers.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
}

impl StepError {
    /// When the provider wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Provider(CallError::Unknown { retry_after, .. }) => *retry_after,
            _ => None,
        }
    }
}

/// What is left after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// What was written says what comes next.
    Nothing,
    /// The next step, at once.
    More,
    /// Nothing has changed; a look after a while.
    Look,
}

impl Cashier {
    /// A cashier that writes to `store`, asks `stripe`, and has buyers come back to `public_url`.
    pub fn new(store: Store, stripe: Stripe, public_url: PublicUrl) -> Self {
        Self { store, stripe, public_url }
    }

    /// The same cashier, who lets a call take no longer than `limit`.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Self {
        Self { stripe: self.stripe.within(limit), ..self.clone() }
    }

    /// Takes the step that a payment waits for.
    ///
    /// # Errors
    /// When it is not known whether it was taken: take it again.
    pub async fn step(&self, payment: &Payment) -> Result<Left, StepError> {
        match (payment.status, payment.decision) {
            (Status::Pending, _) => self.begin(payment).await.map(|_| Left::Nothing),
            (Status::Open, Some(Decision::Close)) => self.close_page(payment).await,
            (Status::Open, _) => self.look_at_page(payment).await,
            (Status::Authorised, Some(Decision::Capture)) => self.capture(payment).await,
            (Status::Authorised | Status::Captured, Some(Decision::Release)) => self.give_back(payment).await,
            (Status::Declined | Status::Closed, Some(Decision::Release)) => self.give_back(payment).await,
            (Status::Authorised, _) => self.look_at_hold(payment).await,
            _ => {
                self.store.lay_to_rest(payment).await?;
                Ok(Left::Nothing)
            }
        }
    }

    /// Money that is held and that nobody has decided about. It stays as it is: it is for `orders` to say what comes of it, who is
    /// told again.
    async fn look_at_hold(&self, payment: &Payment) -> Result<Left, StepError> {
        let Some(intent) = &payment.intent else { return Ok(Left::Look) };
        let is_held = self.stripe.intent(intent).await?.status != IntentStatus::Canceled;
        let is_told = self.store.tell_again(payment, is_held).await?;
        if !is_held && !is_told {
            let id = &payment.id;
            warn!(payment = %id, trace_id = payment.trace_id(), "the money of payment {id} is no longer held, and its order does not know");
        }
        Ok(Left::Look)
    }

    /// Writes down what an intent says of a payment that is not known to be paid.
    async fn adopt(&self, payment: &Payment, intent: &Intent) -> Result<Begin, StepError> {
        match intent.status {
            // One that was captured by hand is told as well: orders decides, and then the money is taken or given back.
            IntentStatus::RequiresCapture | IntentStatus::Succeeded => {
                let is_told = self.store.authorise(payment, &intent.id).await?;
                Ok(if is_told { Begin::Authorised } else { Begin::Nothing })
            }
            IntentStatus::RequiresPaymentMethod
            | IntentStatus::RequiresConfirmation
            | IntentStatus::RequiresAction => {
                let message = intent.last_payment_error.as_ref().and_then(|error| error.message.clone());
                let message = message.unwrap_or_else(|| "Your card was not accepted.".to_owned());
                self.store.decline(payment, &message, Some(&intent.id)).await?;
                Ok(Begin::Declined(message))
            }
            IntentStatus::Canceled => {
                self.store.close(payment, NOTHING_PAID).await?;
                Ok(Begin::Nothing)
            }
            IntentStatus::Processing | IntentStatus::Unknown => {
                Err(CallError::lost(format!("the intent is {:?}", intent.status)).into())
            }
        }
    }
}

/// Why a payment was closed, for the buyer.
const NOTHING_PAID: &str = "Nothing was paid";
