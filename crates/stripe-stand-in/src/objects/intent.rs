//! PaymentIntents: their states, and how each looks.
//!
//! Source: docs.stripe.com/api/payment_intents and docs.stripe.com/payments/paymentintents/lifecycle.

use std::fmt::{self, Display};

use serde_json::{Value, json};

use crate::{clock::now, error::ApiError, form::Metadata, ids, table::Object, tokens::Card};

/// Where a PaymentIntent is in its life.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum IntentStatus {
    /// Without a card, or its last card was declined.
    RequiresPaymentMethod,
    /// With a card that nobody has charged yet.
    RequiresConfirmation,
    /// The buyer's bank waits for the buyer.
    RequiresAction,
    /// The money is held.
    RequiresCapture,
    /// The money is taken.
    Succeeded,
    /// Nothing is held and nothing can be taken.
    Canceled,
}

impl IntentStatus {
    /// The word that the API uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

impl Display for IntentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A card that a client gave.
#[derive(Clone, Debug)]
pub(crate) struct PaymentMethod {
    pub(crate) id: String,
    pub(crate) card: Card,
}

impl PaymentMethod {
    pub(crate) fn new(card: Card) -> Self {
        Self { id: ids::new("pm"), card }
    }

    pub(crate) fn render_card(&self) -> Value {
        json!({
            "brand": self.card.brand,
            "country": "US",
            "exp_month": 12,
            "exp_year": 2034,
            "funding": "credit",
            "last4": self.card.last4,
        })
    }

    pub(crate) fn render(&self) -> Value {
        json!({
            "id": self.id,
            "object": "payment_method",
            "card": self.render_card(),
            "livemode": false,
            "metadata": {},
            "type": "card",
        })
    }
}

/// One purchase, through all attempts to pay it.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) status: IntentStatus,
    pub(crate) capture_method: &'static str,
    pub(crate) metadata: Metadata,
    pub(crate) description: Option<String>,
    /// The session whose page made it.
    pub(crate) session: Option<String>,
    pub(crate) latest_charge: Option<String>,
    pub(crate) amount_capturable: i64,
    pub(crate) amount_received: i64,
    /// A URL of the client, to which its buyer comes back from an authentication.
    pub(crate) return_url: Option<String>,
    /// Which kinds of payment it takes: only cards, or whatever the account has switched on.
    pub(crate) automatic: bool,
    pub(crate) redirects: bool,
    pub(crate) method: Option<PaymentMethod>,
    pub(crate) next_action: Option<Value>,
    pub(crate) last_payment_error: Option<Value>,
    pub(crate) canceled_at: Option<i64>,
    pub(crate) cancellation_reason: Option<&'static str>,
    client_secret: String,
    created: i64,
}

impl Intent {
    /// Whether its money is only held until it is captured.
    pub(crate) fn is_manual(&self) -> bool {
        self.capture_method == "manual"
    }

    /// Why its last card did not pay.
    pub(crate) fn last_error(&self) -> Option<String> {
        Some(self.last_payment_error.as_ref()?.get("message")?.as_str()?.to_owned())
    }

    pub(crate) fn render(&self) -> Value {
        let automatic = json!({
            "allow_redirects": if self.redirects { "always" } else { "never" },
            "enabled": true,
        });
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": self.amount_capturable,
            "amount_received": self.amount_received,
            "application": null,
            "automatic_payment_methods": self.automatic.then_some(automatic),
            "canceled_at": self.canceled_at,
            "cancellation_reason": self.cancellation_reason,
            "capture_method": self.capture_method,
            "client_secret": self.client_secret,
            "confirmation_method": "automatic",
            "created": self.created,
            "currency": self.currency,
            "customer": null,
            "description": self.description,
            "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge,
            "livemode": false,
            "metadata": self.metadata,
            "next_action": self.next_action,
            "payment_method": self.method.as_ref().map(|method| &method.id),
            "payment_method_types": ["card"],
            "processing": null,
            "receipt_email": null,
            "setup_future_usage": null,
            "shipping": null,
            "statement_descriptor": null,
            "status": self.status.as_str(),
        })
    }

    /// The refusal of a call that this intent's status does not allow.
    pub(crate) fn unexpected_state(&self, message: impl Into<String>) -> ApiError {
        ApiError::refused(message)
            .code("payment_intent_unexpected_state")
            .with("payment_intent", self.render())
    }
}

/// What an intent is made of.
pub(crate) struct NewIntent {
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) capture_method: &'static str,
    pub(crate) metadata: Metadata,
    pub(crate) description: Option<String>,
    pub(crate) session: Option<String>,
}

impl NewIntent {
    pub(crate) fn build(self) -> Intent {
        let id = ids::new("pi");
        Intent {
            client_secret: ids::new_client_secret(&id),
            id,
            amount: self.amount,
            currency: self.currency,
            status: IntentStatus::RequiresPaymentMethod,
            capture_method: self.capture_method,
            metadata: self.metadata,
            description: self.description,
            session: self.session,
            latest_charge: None,
            amount_capturable: 0,
            amount_received: 0,
            return_url: None,
            automatic: false,
            redirects: false,
            method: None,
            next_action: None,
            last_payment_error: None,
            canceled_at: None,
            cancellation_reason: None,
            created: now(),
        }
    }
}

impl Object for Intent {
    const KIND: &'static str = "payment_intent";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}
