//! The creation of a Checkout Session.

use serde_json::Value;

use crate::{
    clock::now,
    currency,
    error::ApiError,
    form::{self, Form},
    ids,
    intents::read_capture_method,
    objects::{LineItem, Session, SessionStatus},
    state::State,
};

const ALLOWED: [&str; 14] = [
    "cancel_url",
    "client_reference_id",
    "customer_email",
    "expand",
    "expires_at",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "payment_intent_data",
    "payment_method_types",
    "submit_type",
    "success_url",
    "ui_mode",
];

const SHORTEST: i64 = 30 * 60;
const LONGEST: i64 = 24 * 60 * 60;
const MOST_ITEMS: usize = 100;

impl State {
    pub(crate) fn create_session(&mut self, form: &Form) -> Result<Value, ApiError> {
        let session = read_session(form)?;
        let answer = self.render_session(&session);
        self.open_sessions.insert((session.expires_at, session.id.clone()));
        self.sessions.insert(session);
        Ok(answer)
    }
}

fn read_session(form: &Form) -> Result<Session, ApiError> {
    form.only(&ALLOWED)?;
    form.word("mode", &["payment"])?.ok_or_else(|| form::missing("mode"))?;
    form.word("ui_mode", &["hosted", "hosted_page"])?;
    let (items, currency) = read_items(form)?;
    let amount = total(&items).ok_or_else(|| currency::not_positive("line_items"))?;
    currency::check(amount, &currency, "line_items")?;
    let created = now();
    let text = |name| Ok::<_, ApiError>(form.text(name)?.map(str::to_owned));
    Ok(Session {
        id: ids::new_session(),
        status: SessionStatus::Open,
        amount,
        currency,
        items,
        success_url: read_url(form, "success_url")?.ok_or_else(|| form::missing("success_url"))?,
        cancel_url: read_url(form, "cancel_url")?,
        intent: None,
        capture_method: read_capture_method(form, "payment_intent_data[capture_method]")?,
        intent_metadata: form.metadata("payment_intent_data[metadata]")?,
        intent_description: text("payment_intent_data[description]")?,
        metadata: form.metadata("metadata")?,
        client_reference_id: text("client_reference_id")?,
        customer_email: text("customer_email")?,
        customer_name: None,
        expires_at: read_expiry(form, created)?,
        created,
    })
}

fn total(items: &[LineItem]) -> Option<i64> {
    items.iter().try_fold(0_i64, |sum, item| sum.checked_add(item.unit_amount.checked_mul(item.quantity)?))
}

fn read_items(form: &Form) -> Result<(Vec<LineItem>, String), ApiError> {
    let all = form.below("line_items");
    let mut items = Vec::new();
    let mut currency: Option<String> = None;
    for place in 0..MOST_ITEMS {
        let item = all.below(&place.to_string());
        if !item.has("price_data") {
            break;
        }
        let priced = currency::parse(item.required("price_data[currency]")?, "line_items")?;
        if currency.as_ref().is_some_and(|first| *first != priced) {
            let message = "All line items must have the same currency.";
            return Err(ApiError::invalid(message).param("line_items"));
        }
        currency = Some(priced);
        items.push(read_item(&item)?);
    }
    currency.map(|currency| (items, currency)).ok_or_else(|| form::missing("line_items"))
}

fn read_item(item: &Form) -> Result<LineItem, ApiError> {
    item.only(&["price_data", "quantity"])?;
    let unit_amount = item.integer("price_data[unit_amount]")?;
    let quantity = item.integer("quantity")?.ok_or_else(|| form::missing("line_items[0][quantity]"))?;
    if quantity < 1 {
        return Err(currency::not_positive("line_items[0][quantity]"));
    }
    Ok(LineItem {
        name: item.required("price_data[product_data][name]")?.to_owned(),
        unit_amount: unit_amount.ok_or_else(|| form::missing("line_items[0][price_data][unit_amount]"))?,
        quantity,
    })
}

fn read_url(form: &Form, name: &'static str) -> Result<Option<String>, ApiError> {
    let Some(url) = form.text(name)? else { return Ok(None) };
    if url.starts_with("http://") || url.starts_with("https://") {
        return Ok(Some(url.to_owned()));
    }
    Err(ApiError::invalid("Not a valid URL").code("url_invalid").param(name))
}

fn read_expiry(form: &Form, created: i64) -> Result<i64, ApiError> {
    let expires_at = form.integer("expires_at")?.unwrap_or(created + LONGEST);
    let message = match expires_at - created {
        SHORTEST..=LONGEST => return Ok(expires_at),
        ..SHORTEST => {
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        }
        _ => "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
    };
    Err(ApiError::invalid(message).param("expires_at"))
}
