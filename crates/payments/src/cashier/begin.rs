//! Beginning a payment at the provider, and what came of it.

use tracing::error;

use super::{Cashier, StepError};
use crate::{
    payment::{Method, Payment, Status},
    stripe::Refusal,
};

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

impl Begin {
    /// What has come of a payment by now; `None` while that is open.
    pub fn of(payment: &Payment) -> Option<Self> {
        Some(match payment.status {
            Status::Pending => return None,
            Status::Open => Self::Open(payment.url.clone()?),
            Status::Authorised | Status::Captured => Self::Authorised,
            Status::Declined => Self::Declined(payment.reason.clone().unwrap_or_default()),
            _ => Self::Nothing,
        })
    }
}

impl Cashier {
    /// Has the provider begin a payment, or finds out what came of it.
    ///
    /// # Errors
    /// When it is not known what was done: begin again, with the payment as it is by then.
    pub async fn begin(&self, payment: &Payment) -> Result<Begin, StepError> {
        match &payment.method {
            Method::Token(token) => self.charge(payment, token.as_ref()).await,
            Method::Page => self.open_page(payment).await,
        }
    }
}

/// Whose fault it is that the provider refuses.
pub(super) fn refused(payment: &Payment, refusal: &Refusal) -> Begin {
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
