//! The creation of a PaymentIntent, and the card that a request brings.

use serde_json::Value;

use crate::{
    currency,
    error::ApiError,
    form::{self, Form},
    objects::{Intent, IntentStatus, NewIntent, PaymentMethod},
    state::State,
    tokens,
};

const CAPTURE_METHODS: [&str; 3] = ["automatic", "automatic_async", "manual"];

/// From this API version on an intent takes whatever the account has switched on, unless it is told otherwise.
const AUTOMATIC_SINCE: &str = "2023-08-16";

const ALLOWED: [&str; 16] = [
    "amount",
    "automatic_payment_methods",
    "capture_method",
    "confirm",
    "currency",
    "description",
    "error_on_requires_action",
    "expand",
    "metadata",
    "off_session",
    "payment_method",
    "payment_method_data",
    "payment_method_types",
    "receipt_email",
    "return_url",
    "statement_descriptor_suffix",
];

impl State {
    pub(crate) fn create_intent(&mut self, form: &Form) -> Result<Value, ApiError> {
        let confirm = form.flag("confirm")?;
        let intent = self.read_intent(form, confirm)?;
        let method = read_method(form)?;
        let id = intent.id.clone();
        self.insert_intent(intent);
        if let Some(method) = method {
            self.change_intent(&id, |intent| {
                intent.status = IntentStatus::RequiresConfirmation;
                intent.method = Some(method);
            });
        }
        if confirm {
            self.attempt(&id, form.flag("error_on_requires_action")?)?;
        }
        self.render_intent(&id, form)
    }

    fn read_intent(&self, form: &Form, confirm: bool) -> Result<Intent, ApiError> {
        form.only(&ALLOWED)?;
        let amount = form.integer("amount")?.ok_or_else(|| form::missing("amount"))?;
        let currency = currency::parse(form.required("currency")?, "currency")?;
        currency::check(amount, &currency, "amount")?;
        let mut intent = NewIntent {
            amount,
            currency,
            capture_method: read_capture_method(form, "capture_method")?,
            metadata: form.metadata("metadata")?,
            description: form.text("description")?.map(str::to_owned),
            session: None,
        }
        .build();
        intent.return_url = form.text("return_url")?.map(str::to_owned);
        intent.automatic = self.is_automatic(form)?;
        let never = form.word("automatic_payment_methods[allow_redirects]", &["always", "never"])?;
        intent.redirects = intent.automatic && never != Some("never");
        if confirm {
            check_confirmation(form, &intent)?;
        } else if form.flag("error_on_requires_action")? {
            let message = "The parameter error_on_requires_action can only be used with confirm=true.";
            return Err(ApiError::invalid(message).param("error_on_requires_action"));
        }
        Ok(intent)
    }

    /// Whether an intent takes whatever the account has switched on.
    fn is_automatic(&self, form: &Form) -> Result<bool, ApiError> {
        if form.text("automatic_payment_methods[enabled]")?.is_some() {
            return form.flag("automatic_payment_methods[enabled]");
        }
        if form.list("payment_method_types").any(|kind| kind != "card") {
            let message = "The payment method type provided is invalid: this account takes cards only.";
            return Err(ApiError::invalid(message).param("payment_method_types"));
        }
        Ok(!form.has("payment_method_types") && self.origin.version.as_str() >= AUTOMATIC_SINCE)
    }

    /// Makes a new intent known.
    pub(crate) fn insert_intent(&mut self, intent: Intent) {
        let created = intent.render();
        self.intents.insert(intent);
        self.emit("payment_intent.created", &created);
    }
}

fn check_confirmation(form: &Form, intent: &Intent) -> Result<(), ApiError> {
    if !form.has("payment_method") && !form.has("payment_method_data") {
        return Err(no_method());
    }
    if intent.redirects && intent.return_url.is_none() {
        return Err(no_return_url());
    }
    Ok(())
}

pub(super) fn no_method() -> ApiError {
    ApiError::invalid(
        "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the \
         PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment \
         method or ConfirmationToken.",
    )
    .code("payment_intent_unexpected_state")
}

pub(super) fn no_return_url() -> ApiError {
    ApiError::invalid(
        "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these \
         payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't \
         want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and \
         `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
    )
    .param("return_url")
}

pub(crate) fn read_capture_method(form: &Form, name: &'static str) -> Result<&'static str, ApiError> {
    Ok(form.word(name, &CAPTURE_METHODS)?.unwrap_or("automatic_async"))
}

/// The card of a request: a token, or one of the test payment methods.
pub(super) fn read_method(form: &Form) -> Result<Option<PaymentMethod>, ApiError> {
    const TOKEN: &str = "payment_method_data[card][token]";
    if let Some(id) = form.text("payment_method")? {
        let card = tokens::of_payment_method(id);
        let card = card.ok_or_else(|| ApiError::missing("PaymentMethod", id, "payment_method"))?;
        return Ok(Some(PaymentMethod::new(card)));
    }
    if !form.has("payment_method_data") {
        return Ok(None);
    }
    if form.required("payment_method_data[type]")? != "card" {
        let message = "Invalid payment_method_data[type]: this account takes cards only.";
        return Err(ApiError::invalid(message).param("payment_method_data[type]"));
    }
    if form.has("payment_method_data[card][number]") {
        let message = "Sending credit card numbers directly to the Stripe API is generally unsafe. \
                       Use a token of a test card instead.";
        return Err(ApiError::invalid(message).param("payment_method_data[card][number]"));
    }
    let token = form.required(TOKEN)?;
    let card = tokens::of_token(token).ok_or_else(|| ApiError::missing("token", token, TOKEN))?;
    Ok(Some(PaymentMethod::new(card)))
}
