//! Refunds: how much goes back, and what is refused.

use serde_json::Value;

use crate::{
    clock::now,
    currency,
    error::ApiError,
    form::Form,
    ids,
    objects::{Charge, Refund},
    state::State,
    table::PAGING,
};

const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

impl State {
    pub(crate) fn create_refund(&mut self, form: &Form) -> Result<Value, ApiError> {
        form.only(&["payment_intent", "charge", "amount", "reason", "metadata", "expand"])?;
        let reason = form.word("reason", &REASONS)?;
        let metadata = form.metadata("metadata")?;
        let asked = form.integer("amount")?;
        if asked.is_some_and(|amount| amount < 1) {
            return Err(currency::not_positive("amount"));
        }
        let charge = self.charge_to_refund(form)?;
        let amount = refunded_amount(charge, asked)?;
        let refund = Refund {
            id: ids::new("re"),
            intent: charge.intent.clone(),
            charge: charge.id.clone(),
            amount,
            currency: charge.currency.clone(),
            reason,
            metadata,
            reference: None,
            created: now(),
        };
        Ok(self.refund(refund))
    }

    fn refund(&mut self, mut refund: Refund) -> Value {
        let answer = refund.render();
        let charge =
            self.change_charge(Some(&refund.charge), |charge| charge.amount_refunded += refund.amount);
        self.emit("refund.created", &answer);
        if let Some(charge) = charge {
            self.emit("charge.refunded", &charge);
        }
        refund.reference = Some(ids::new("ref").to_lowercase());
        self.emit("refund.updated", &refund.render());
        self.refunds.insert(refund);
        answer
    }

    fn charge_to_refund(&self, form: &Form) -> Result<&Charge, ApiError> {
        if let Some(id) = form.text("charge")? {
            return self.charges.get(id).ok_or_else(|| ApiError::missing("charge", id, "charge"));
        }
        let Some(id) = form.text("payment_intent")? else {
            return Err(ApiError::invalid(
                "One of the following params should be provided for this request: payment_intent or charge.",
            ));
        };
        let intent =
            self.intents.get(id).ok_or_else(|| ApiError::missing("payment_intent", id, "payment_intent"))?;
        let charge = intent.latest_charge.as_ref().and_then(|charge| self.charges.get(charge));
        charge.filter(|charge| charge.succeeded()).ok_or_else(|| nothing_to_refund(id))
    }

    pub(crate) fn get_refund(&self, id: &str, form: &Form) -> Result<Value, ApiError> {
        form.only(&["expand"])?;
        Ok(self.refunds.find(id, "id")?.render())
    }

    pub(crate) fn list_refunds(&self, form: &Form) -> Result<Value, ApiError> {
        form.only(&[&PAGING[..], &["payment_intent", "charge"]].concat())?;
        let (intent, charge) = (form.text("payment_intent")?, form.text("charge")?);
        let wanted = |refund: &Refund| {
            intent.is_none_or(|intent| refund.intent == intent)
                && charge.is_none_or(|charge| refund.charge == charge)
        };
        self.refunds.page("/v1/refunds", form, wanted, Refund::render)
    }
}

/// How much of this charge goes back: what was asked for, or all that is left.
fn refunded_amount(charge: &Charge, asked: Option<i64>) -> Result<i64, ApiError> {
    if !charge.captured {
        let intent = &charge.intent;
        // What was held is released by then: there is nothing to cancel either.
        return Err(if charge.amount_refunded > 0 || !charge.succeeded() {
            nothing_to_refund(intent)
        } else {
            ApiError::refused(format!(
                "This uncaptured Charge was created by a PaymentIntent ({intent}). You must cancel the PaymentIntent \
                 to reverse the authorization instead of refunding the Charge directly."
            ))
        });
    }
    let left = charge.refundable();
    if left == 0 {
        let message = format!("Charge {} has already been refunded.", charge.id);
        return Err(ApiError::refused(message).code("charge_already_refunded"));
    }
    match asked {
        Some(amount) if amount > left => {
            let written = |amount| currency::written(amount, &charge.currency);
            let message = format!(
                "Refund amount ({} {currency}) is greater than unrefunded amount on charge ({} {currency})",
                written(amount),
                written(left),
                currency = charge.currency.to_uppercase(),
            );
            Err(ApiError::refused(message).param("amount"))
        }
        Some(amount) => Ok(amount),
        None => Ok(left),
    }
}

fn nothing_to_refund(intent: &str) -> ApiError {
    ApiError::refused(format!("This PaymentIntent ({intent}) does not have a successful charge to refund."))
        .param("payment_intent")
}
