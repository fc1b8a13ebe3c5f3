//! An attempt to pay an intent: the card is charged, declined, or its bank asks the buyer.

use serde_json::{Value, json};

use super::create::no_method;
use crate::{
    error::ApiError,
    objects::{Charge, Intent, IntentStatus, PaymentMethod},
    state::State,
    tokens::{AUTHENTICATION_REQUIRED, Behaviour, Decline},
};

impl State {
    /// Charges the intent's card. `cant_authenticate`: a bank that asks is a decline.
    pub(crate) fn attempt(&mut self, id: &str, cant_authenticate: bool) -> Result<(), ApiError> {
        let method = self.intents.get(id).and_then(|intent| intent.method.clone()).ok_or_else(no_method)?;
        match method.card.behaviour {
            Behaviour::Approve => {
                self.authorise(id, method);
                Ok(())
            }
            Behaviour::Decline(decline) => Err(self.decline(id, &method, decline)),
            Behaviour::Authenticate(_) if cant_authenticate => {
                Err(self.decline(id, &method, &AUTHENTICATION_REQUIRED))
            }
            Behaviour::Authenticate(_) => {
                self.ask_buyer(id);
                Ok(())
            }
        }
    }

    /// The buyer's answer to the bank's question.
    pub(crate) fn authenticate(&mut self, id: &str, passed: bool) -> Result<(), ApiError> {
        let intent = self.intents.find(id, "intent")?;
        let (Some(method), IntentStatus::RequiresAction) = (intent.method.clone(), intent.status) else {
            let message =
                format!("This PaymentIntent needs no authentication: it has a status of {}.", intent.status);
            return Err(intent.unexpected_state(message));
        };
        match method.card.behaviour {
            _ if !passed => Err(self.fail_authentication(id, &method)),
            Behaviour::Authenticate(Some(decline)) => Err(self.decline(id, &method, decline)),
            _ => {
                self.authorise(id, method);
                Ok(())
            }
        }
    }

    fn authorise(&mut self, id: &str, method: PaymentMethod) {
        let Some(intent) = self.intents.get_mut(id) else { return };
        let mut charge = Charge::authorised(intent, method);
        intent.latest_charge = Some(charge.id.clone());
        intent.next_action = None;
        intent.last_payment_error = None;
        let told = if intent.is_manual() {
            intent.status = IntentStatus::RequiresCapture;
            intent.amount_capturable = intent.amount;
            "payment_intent.amount_capturable_updated"
        } else {
            charge.capture(intent.amount);
            intent.status = IntentStatus::Succeeded;
            intent.amount_received = intent.amount;
            "payment_intent.succeeded"
        };
        let after = intent.render();
        self.emit("charge.succeeded", &charge.render());
        self.charges.insert(charge);
        self.emit(told, &after);
    }

    fn decline(&mut self, id: &str, method: &PaymentMethod, decline: &'static Decline) -> ApiError {
        let error = decline.error();
        let Some(intent) = self.intents.get_mut(id) else { return error };
        let charge = Charge::failed(intent, method.clone(), &error);
        intent.latest_charge = Some(charge.id.clone());
        let error = error.with("charge", charge.id.clone());
        self.emit("charge.failed", &charge.render());
        self.charges.insert(charge);
        self.fail(id, method, error)
    }

    fn fail_authentication(&mut self, id: &str, method: &PaymentMethod) -> ApiError {
        let error = ApiError::refused(
            "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new \
             PaymentMethod to attempt to fulfill this PaymentIntent again.",
        );
        self.fail(id, method, error.code("payment_intent_authentication_failure"))
    }

    /// The intent waits for another card; the error names both.
    fn fail(&mut self, id: &str, method: &PaymentMethod, error: ApiError) -> ApiError {
        let error = error.with("payment_method", method.render());
        let last = Value::Object(error.fields().clone());
        let after = self.change_intent(id, |intent| {
            intent.status = IntentStatus::RequiresPaymentMethod;
            intent.method = None;
            intent.next_action = None;
            intent.last_payment_error = Some(last);
        });
        self.emit("payment_intent.payment_failed", &after);
        error.with("payment_intent", after)
    }

    fn ask_buyer(&mut self, id: &str) {
        let page = format!("{}/authenticate/{id}", self.url);
        let after = self.change_intent(id, |intent| {
            intent.status = IntentStatus::RequiresAction;
            intent.next_action = Some(json!({
                "redirect_to_url": { "return_url": intent.return_url, "url": page },
                "type": "redirect_to_url",
            }));
        });
        self.emit("payment_intent.requires_action", &after);
    }

    /// Gives an intent that waits for a card this one.
    pub(crate) fn give_method(&mut self, id: &str, method: PaymentMethod) {
        self.change_intent(id, |intent| intent.method = Some(method));
    }

    /// Changes an intent that is known to exist, and returns what it looks like then.
    pub(super) fn change_intent(&mut self, id: &str, change: impl FnOnce(&mut Intent)) -> Value {
        let Some(intent) = self.intents.get_mut(id) else { return Value::Null };
        change(intent);
        intent.render()
    }
}
