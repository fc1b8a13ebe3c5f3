//! Stripe's HTTP API, the few calls of it that are needed: the only code that speaks to the provider.
//!
//! Sources: <https://docs.stripe.com/api/payment_intents>, `/checkout/sessions`, `/refunds`, `/charges`, `/errors` and
//! `/idempotent_requests`. Each call that changes something carries an idempotency key of the payment's own.

mod call;
mod error;
mod form;
mod intents;
mod objects;
mod refunds;
mod sessions;
mod transport;

pub use call::Call;
pub use error::{CallError, Decline, Refusal};
pub use objects::{Intent, IntentStatus, Metadata, Refund, RefundStatus, Session, SessionStatus};

use std::time::Duration;

use crate::config::StripeSettings;
use transport::Transport;

/// A client of Stripe. Cheap to clone; what is sent at one time is bounded.
#[derive(Clone, Debug)]
pub struct Stripe {
    transport: Transport,
    limit: Duration,
}

impl Stripe {
    /// A client that lets a call take as long as ten seconds. It connects to nothing yet.
    ///
    /// # Errors
    /// When the system has no certificates to trust.
    pub fn new(settings: &StripeSettings) -> anyhow::Result<Self> {
        Ok(Self { transport: Transport::new(settings)?, limit: transport::LONGEST_CALL })
    }

    /// The same client with another limit for each call.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Self {
        Self { transport: self.transport.clone(), limit }
    }
}
