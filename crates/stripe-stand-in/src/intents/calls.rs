//! Look-up, confirmation, capture and cancellation.

use serde_json::Value;

use super::create::{no_method, no_return_url, read_method};
use crate::{
    clock::now,
    currency,
    error::ApiError,
    form::Form,
    objects::{Intent, IntentStatus},
    state::State,
    table::PAGING,
};

const REASONS: [&str; 4] = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"];

impl State {
    pub(crate) fn get_intent(&self, id: &str, form: &Form) -> Result<Value, ApiError> {
        form.only(&["client_secret", "expand"])?;
        self.intents.find(id, "intent")?;
        self.render_intent(id, form)
    }

    pub(crate) fn list_intents(&self, form: &Form) -> Result<Value, ApiError> {
        form.only(&PAGING)?;
        self.intents.page("/v1/payment_intents", form, |_| true, Intent::render)
    }

    pub(crate) fn confirm_intent(&mut self, id: &str, form: &Form) -> Result<Value, ApiError> {
        form.only(&[
            "error_on_requires_action",
            "expand",
            "off_session",
            "payment_method",
            "payment_method_data",
            "return_url",
        ])?;
        let intent = self.intents.find(id, "intent")?;
        match intent.status {
            IntentStatus::Succeeded => {
                return Err(intent.unexpected_state(
                    "You cannot confirm this PaymentIntent because it has already succeeded after being previously \
                     confirmed.",
                ));
            }
            IntentStatus::RequiresCapture | IntentStatus::Canceled => {
                return Err(intent.unexpected_state(format!(
                    "You cannot confirm this PaymentIntent because it has a status of {}. Only a PaymentIntent with \
                     one of the following statuses may be confirmed: requires_confirmation, \
                     requires_payment_method, requires_action.",
                    intent.status
                )));
            }
            _ => {}
        }
        let return_url = form.text("return_url")?.map(str::to_owned).or_else(|| intent.return_url.clone());
        if intent.redirects && return_url.is_none() {
            return Err(no_return_url());
        }
        let given = read_method(form)?;
        if given.is_none() && intent.method.is_none() {
            return Err(no_method());
        }
        self.change_intent(id, |intent| {
            intent.return_url = return_url;
            if given.is_some() {
                intent.method = given;
            }
        });
        self.attempt(id, form.flag("error_on_requires_action")?)?;
        self.render_intent(id, form)
    }

    pub(crate) fn capture_intent(&mut self, id: &str, form: &Form) -> Result<Value, ApiError> {
        form.only(&["amount_to_capture", "expand", "metadata", "statement_descriptor_suffix"])?;
        let asked = form.integer("amount_to_capture")?;
        if asked.is_some_and(|amount| amount < 1) {
            return Err(currency::not_positive("amount_to_capture"));
        }
        let metadata = form.metadata("metadata")?;
        let intent = self.intents.find(id, "intent")?;
        check_capture(intent, asked)?;
        let amount = asked.unwrap_or(intent.amount_capturable);
        let charge = intent.latest_charge.clone();
        let charge = self.change_charge(charge.as_deref(), |charge| charge.capture(amount));
        let after = self.change_intent(id, |intent| {
            intent.status = IntentStatus::Succeeded;
            intent.amount_capturable = 0;
            intent.amount_received = amount;
            intent.metadata.extend(metadata);
        });
        if let Some(charge) = charge {
            self.emit("charge.captured", &charge);
        }
        self.emit("payment_intent.succeeded", &after);
        self.render_intent(id, form)
    }

    pub(crate) fn cancel_intent(&mut self, id: &str, form: &Form) -> Result<Value, ApiError> {
        form.only(&["cancellation_reason", "expand"])?;
        let reason = form.word("cancellation_reason", &REASONS)?;
        let intent = self.intents.find(id, "intent")?;
        check_cancel(intent)?;
        self.release(id, reason);
        self.render_intent(id, form)
    }

    /// Cancels an intent; what was held is held no longer.
    pub(crate) fn release(&mut self, id: &str, reason: Option<&'static str>) {
        let Some(intent) = self.intents.get(id) else { return };
        let held = intent.latest_charge.clone().filter(|_| intent.status == IntentStatus::RequiresCapture);
        let after = self.change_intent(id, |intent| {
            intent.status = IntentStatus::Canceled;
            intent.amount_capturable = 0;
            intent.next_action = None;
            intent.canceled_at = Some(now());
            intent.cancellation_reason = reason;
        });
        // Stripe shows a released hold as a charge that was refunded without having been captured; there is no refund.
        let released = self.change_charge(held.as_deref(), |charge| charge.amount_refunded = charge.amount);
        if let Some(charge) = released {
            self.emit("charge.refunded", &charge);
        }
        self.emit("payment_intent.canceled", &after);
    }

    /// The bank no longer holds the money, as after the seven days that an authorisation lives.
    pub(crate) fn expire_authorisation(&mut self, id: &str) -> Result<(), ApiError> {
        let intent = self.intents.find(id, "intent")?;
        if intent.status != IntentStatus::RequiresCapture {
            return Err(intent.unexpected_state(format!("Nothing is held: the status is {}.", intent.status)));
        }
        self.release(id, Some("automatic"));
        Ok(())
    }

    /// An intent that is known to exist, with the charge in it where that was asked for.
    pub(super) fn render_intent(&self, id: &str, form: &Form) -> Result<Value, ApiError> {
        let intent = self.intents.find(id, "intent")?;
        let mut answer = intent.render();
        for property in form.list("expand") {
            if property != "latest_charge" {
                return Err(not_expandable(property));
            }
            let charge = intent.latest_charge.as_ref().and_then(|charge| self.charges.get(charge));
            answer["latest_charge"] = charge.map_or(Value::Null, |charge| charge.render());
        }
        Ok(answer)
    }
}

pub(crate) fn not_expandable(property: &str) -> ApiError {
    ApiError::invalid(format!("This property cannot be expanded ({property}).")).param("expand")
}

fn check_capture(intent: &Intent, asked: Option<i64>) -> Result<(), ApiError> {
    match intent.status {
        IntentStatus::RequiresCapture => {}
        IntentStatus::Succeeded => {
            return Err(intent.unexpected_state(
                "This PaymentIntent could not be captured because it has already been captured.",
            ));
        }
        other => {
            return Err(intent.unexpected_state(format!(
                "This PaymentIntent could not be captured because it has a status of {other}. Only a PaymentIntent \
                 with one of the following statuses may be captured: requires_capture."
            )));
        }
    }
    if asked.is_some_and(|amount| amount > intent.amount_capturable) {
        let message = "The payment could not be captured because the requested capture amount is greater than the \
                       amount you can capture for this charge.";
        return Err(ApiError::refused(message)
            .code("amount_too_large")
            .param("amount_to_capture")
            .with("payment_intent", intent.render()));
    }
    Ok(())
}

fn check_cancel(intent: &Intent) -> Result<(), ApiError> {
    if matches!(intent.status, IntentStatus::Succeeded | IntentStatus::Canceled) {
        return Err(intent.unexpected_state(format!(
            "You cannot cancel this PaymentIntent because it has a status of {}. Only a PaymentIntent with one of \
             the following statuses may be canceled: requires_payment_method, requires_capture, \
             requires_confirmation, requires_action, processing.",
            intent.status
        )));
    }
    // Its page would go on with an intent that is gone.
    if intent.session.is_some() && intent.status != IntentStatus::RequiresCapture {
        return Err(intent.unexpected_state(
            "You cannot cancel the PaymentIntent created by a Checkout Session. Expire the Checkout Session instead.",
        ));
    }
    Ok(())
}
