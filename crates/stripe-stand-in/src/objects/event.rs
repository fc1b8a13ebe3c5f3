//! Events: what happened, and by which request.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{clock::now, table::Object};

/// The version that a request without a `Stripe-Version` gets.
pub(crate) const LATEST_VERSION: &str = "2026-09-30.endive";

/// The request that caused an event.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) request: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) version: String,
}

impl Default for Origin {
    fn default() -> Self {
        Self { request: None, key: None, version: LATEST_VERSION.to_owned() }
    }
}

/// One event, with the very bytes that every delivery of it has.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) object: String,
    pub(crate) payload: String,
    created: i64,
}

impl Event {
    pub(crate) fn new(id: String, kind: &'static str, object: &Value, origin: &Origin) -> Self {
        let created = now();
        let about = object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let event = json!({
            "id": id,
            "object": "event",
            "api_version": origin.version,
            "created": created,
            "data": { "object": object },
            "livemode": false,
            "pending_webhooks": 1,
            "request": { "id": origin.request, "idempotency_key": origin.key },
            "type": kind,
        });
        // Stripe's deliveries are indented.
        let payload = format!("{event:#}");
        Self { id, kind, object: about, payload, created }
    }

    pub(crate) fn render(&self) -> Value {
        serde_json::from_str(&self.payload).unwrap_or_default()
    }
}

impl Object for Arc<Event> {
    const KIND: &'static str = "event";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}
