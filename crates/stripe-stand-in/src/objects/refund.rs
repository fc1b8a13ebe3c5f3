//! Refunds: money that was taken and goes back.

use serde_json::{Value, json};

use crate::{form::Metadata, table::Object};

/// One refund of one charge.
#[derive(Debug)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) intent: String,
    pub(crate) charge: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) reason: Option<&'static str>,
    pub(crate) metadata: Metadata,
    /// What a bank finds it by; known only some time after.
    pub(crate) reference: Option<String>,
    pub(crate) created: i64,
}

impl Refund {
    pub(crate) fn render(&self) -> Value {
        let reference_status = if self.reference.is_some() { "available" } else { "pending" };
        json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency,
            "destination_details": {
                "card": {
                    "reference": self.reference,
                    "reference_status": reference_status,
                    "reference_type": "acquirer_reference_number",
                    "type": "refund",
                },
                "type": "card",
            },
            "metadata": self.metadata,
            "payment_intent": self.intent,
            "reason": self.reason,
            "status": "succeeded",
        })
    }
}

impl Object for Refund {
    const KIND: &'static str = "refund";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}
