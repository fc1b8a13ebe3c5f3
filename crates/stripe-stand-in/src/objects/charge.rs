//! Charges: one for each attempt to pay an intent.

use serde_json::{Value, json};

use super::intent::{Intent, PaymentMethod};
use crate::{clock::now, error::ApiError, form::Metadata, ids, table::Object};

/// One attempt to charge a card, that failed, holds money or took it.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    pub(crate) id: String,
    pub(crate) intent: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    /// Taken, rather than held.
    pub(crate) captured: bool,
    pub(crate) amount_captured: i64,
    /// What went back, by refunds or because what was held is released.
    pub(crate) amount_refunded: i64,
    method: PaymentMethod,
    metadata: Metadata,
    failure: Option<(Value, Value)>,
    created: i64,
}

impl Charge {
    /// An attempt that the bank let pass; nothing is taken yet.
    pub(crate) fn authorised(intent: &Intent, method: PaymentMethod) -> Self {
        Self {
            id: ids::new("ch"),
            intent: intent.id.clone(),
            amount: intent.amount,
            currency: intent.currency.clone(),
            captured: false,
            amount_captured: 0,
            amount_refunded: 0,
            method,
            metadata: intent.metadata.clone(),
            failure: None,
            created: now(),
        }
    }

    /// An attempt that the bank refused.
    pub(crate) fn failed(intent: &Intent, method: PaymentMethod, error: &ApiError) -> Self {
        let field = |name: &str| error.fields().get(name).cloned().unwrap_or_default();
        Self { failure: Some((field("code"), field("message"))), ..Self::authorised(intent, method) }
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.failure.is_none()
    }

    pub(crate) fn capture(&mut self, amount: i64) {
        self.captured = true;
        self.amount_captured = amount;
    }

    /// What a refund can still give back.
    pub(crate) fn refundable(&self) -> i64 {
        self.amount_captured - self.amount_refunded
    }

    pub(crate) fn render(&self) -> Value {
        let (failure_code, failure_message) = self.failure.clone().unzip();
        let whole = if self.captured { self.amount_captured } else { self.amount };
        json!({
            "id": self.id,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.amount_captured,
            "amount_refunded": self.amount_refunded,
            "captured": self.captured,
            "created": self.created,
            "currency": self.currency,
            "disputed": false,
            "failure_code": failure_code,
            "failure_message": failure_message,
            "livemode": false,
            "metadata": self.metadata,
            "paid": self.succeeded(),
            "payment_intent": self.intent,
            "payment_method": self.method.id,
            "payment_method_details": { "card": self.method.render_card(), "type": "card" },
            "refunded": self.amount_refunded > 0 && self.amount_refunded == whole,
            "status": if self.succeeded() { "succeeded" } else { "failed" },
        })
    }
}

impl Object for Charge {
    const KIND: &'static str = "charge";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}
