//! Errors in Stripe's shape, with Stripe's status codes.

use serde_json::{Map, Value};

/// A refusal. Most are of type `invalid_request_error` with status 400.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: u16,
    begun: bool,
    fields: Map<String, Value>,
}

impl ApiError {
    /// A request that Stripe would not begin to execute: its answer is not kept under an idempotency key.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// A refusal by the state of things, found out while executing: kept under an idempotency key.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::invalid(message).begun()
    }

    /// An id that names nothing, in a parameter.
    pub(crate) fn missing(kind: &str, id: &str, param: &'static str) -> Self {
        Self::refused(format!("No such {kind}: '{id}'")).code("resource_missing").param(param)
    }

    /// A card that can't be charged.
    pub(crate) fn card(message: &str) -> Self {
        Self::new(402, "card_error", message).begun()
    }

    /// A key that was used for something else.
    pub(crate) fn idempotency(key: &str) -> Self {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. \
             Try using a key other than '{key}' if you meant to execute a different request."
        );
        Self::new(400, "idempotency_error", message)
    }

    /// A key whose first request is still at work.
    pub(crate) fn key_in_use(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Idempotent Key (that probably means you \
             submitted twice, and the other request is still going through): {key}. Please try again later."
        );
        Self::invalid(message).status(409).code("idempotency_key_in_use")
    }

    /// Too many requests.
    pub(crate) fn rate_limited() -> Self {
        let message = "Request rate limit exceeded. You can learn more about rate limits here \
                       https://stripe.com/docs/rate-limits.";
        Self::invalid(message).status(429).code("rate_limit")
    }

    /// Something is wrong on Stripe's side, after execution began.
    pub(crate) fn internal() -> Self {
        let message =
            "Sorry! There was an error while talking to one of our backends. Support has been notified.";
        Self::new(500, "api_error", message).begun()
    }

    /// Something is wrong on Stripe's side, before execution began.
    pub(crate) fn unavailable() -> Self {
        Self::new(503, "api_error", "The API is temporarily unavailable. Please try again later.")
    }

    fn new(status: u16, kind: &str, message: impl Into<String>) -> Self {
        let fields = Map::from_iter([
            ("type".to_owned(), Value::from(kind)),
            ("message".to_owned(), Value::from(message.into())),
        ]);
        Self(Box::new(Parts { status, begun: false, fields }))
    }

    fn begun(mut self) -> Self {
        self.0.begun = true;
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.0.status = status;
        self
    }

    pub(crate) fn code(self, code: &str) -> Self {
        let page = format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"));
        self.with("code", code).with("doc_url", page)
    }

    pub(crate) fn param(self, param: impl Into<String>) -> Self {
        self.with("param", param.into())
    }

    /// Adds an attribute, such as the object that the error is about.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.fields.insert(name.to_owned(), value.into());
        self
    }

    /// Whether the answer is kept under an idempotency key.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.begun
    }

    pub(crate) fn http_status(&self) -> u16 {
        self.0.status
    }

    pub(crate) fn message(&self) -> &str {
        self.0.fields.get("message").and_then(Value::as_str).unwrap_or_default()
    }

    /// What is inside `error`, as it is also kept in `last_payment_error`.
    pub(crate) fn fields(&self) -> &Map<String, Value> {
        &self.0.fields
    }

    /// The body of the answer.
    pub(crate) fn body(self, request: &str) -> Value {
        let log = format!("https://dashboard.stripe.com/test/logs/{request}");
        let error = self.with("request_log_url", log);
        Value::Object(Map::from_iter([("error".to_owned(), Value::Object(error.0.fields))]))
    }
}
