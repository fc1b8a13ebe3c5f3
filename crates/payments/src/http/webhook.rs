//! `/api/payments/webhook`: what the provider tells.
//!
//! Events come late, twice, in any order or not at all. Each has its effect once, and what its object says counts, never the order.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest as _, Request, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse as _,
};
use common::{api::ErrorBody, clock};
use metrics::counter;
use process::outage::Outage;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::{debug, warn};
use web::ApiError;

use super::Api;
use crate::{
    store::{Told, Webhook},
    stripe::{IntentStatus, Metadata},
};

/// Anybody may send what is none: no log grows with how often.
static REFUSED: Outage = Outage::new(Duration::from_secs(60));
/// The longest id of an event that is taken; Stripe's have some thirty characters.
const LONGEST_ID: usize = 255;

/// An event, the parts of it that matter here.
#[derive(Debug, Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    object: Object,
}

#[derive(Debug, Deserialize)]
struct Object {
    #[serde(default)]
    id: String,
    #[serde(default)]
    object: String,
    status: Option<Value>,
    metadata: Option<Metadata>,
}

/// What the provider tells of a payment.
#[utoipa::path(
    post,
    path = "/api/payments/webhook",
    params(("Stripe-Signature" = String, Header, description = "Made of the body, by a secret that both know.")),
    request_body(content = Object, description = "An event of the provider."),
    responses(
        (status = 200, description = "It is taken in, now or before, or is about nothing of ours."),
        (status = 400, description = "The signature is not valid, or it is no event.", body = ErrorBody),
    )
)]
pub(super) async fn webhook(
    State(api): State<Api>,
    headers: HeaderMap,
    request: Request,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let answer = take_in(&api, &headers, request).await;
    let counted = match &answer {
        Ok(Told::Applied) => "applied",
        Ok(Told::Repeated) => "repeated",
        Ok(Told::Ignored) => "ignored",
        Err(ApiError::BadRequest(_) | ApiError::TooLarge) => "refused",
        Err(_) => "failed",
    };
    counter!("webhooks_total", "answer" => counted).increment(1);
    answer.map(|_| (StatusCode::OK, Json(json!({}))))
}

async fn take_in(api: &Api, headers: &HeaderMap, request: Request) -> Result<Told, ApiError> {
    let body = Bytes::from_request(request, &()).await.map_err(|rejection| {
        match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
            _ => ApiError::bad_request("The request body could not be read"),
        }
    })?;
    let header = headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    api.webhook_secrets.check(header, &body, clock::now().timestamp()).map_err(|error| {
        if let Some(count) = REFUSED.failed() {
            warn!(count, "a webhook is refused: {error}");
        }
        ApiError::bad_request("The signature is not valid")
    })?;
    let event: Event = serde_json::from_slice(&body).map_err(|error| {
        if let Some(count) = REFUSED.failed() {
            warn!(count, "a webhook can't be read: {error}");
        }
        ApiError::bad_request("The request body is no event")
    })?;
    if event.id.is_empty() || event.id.len() > LONGEST_ID || event.id.contains('\0') {
        return Err(ApiError::bad_request("The request body is no event"));
    }
    REFUSED.succeeded();
    debug!(event = event.id, kind = event.kind, "{} {}", event.kind, event.id);
    Ok(api.store.take_in(&event.id, &meaning(event.data.object)).await?)
}

/// What an event says about a payment of ours.
fn meaning(object: Object) -> Webhook {
    let Some(payment) = object.metadata.and_then(|metadata| metadata.payment()) else {
        return Webhook::Other;
    };
    let status = object.status.and_then(|status| serde_json::from_value(status).ok());
    match (object.object.as_str(), status) {
        ("payment_intent", Some(IntentStatus::RequiresCapture)) => {
            Webhook::Held { payment, intent: object.id }
        }
        // A card that was declined on the page is no end: the buyer may try another.
        ("payment_intent", Some(IntentStatus::Succeeded | IntentStatus::Canceled)) => {
            Webhook::Changed { payment, intent: Some(object.id) }
        }
        ("checkout.session", _) => Webhook::Changed { payment, intent: None },
        _ => Webhook::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(object: Value) -> Webhook {
        meaning(serde_json::from_value(object).unwrap())
    }

    #[test]
    fn an_object_says_what_has_become_of_its_payment() {
        let metadata = json!({ "payment": "p-1", "order": "o-1" });
        let payment: common::event::Id = "p-1".parse().unwrap();
        let intent = |status: &str| {
            meant(json!({ "object": "payment_intent", "id": "pi_1", "status": status, "metadata": metadata }))
        };
        let held = Webhook::Held { payment: payment.clone(), intent: "pi_1".to_owned() };
        assert_eq!(intent("requires_capture"), held);
        let changed = |intent| Webhook::Changed { payment: payment.clone(), intent };
        for status in ["succeeded", "canceled"] {
            assert_eq!(intent(status), changed(Some("pi_1".to_owned())));
        }
        for status in ["requires_payment_method", "requires_action", "processing", "requires_prayer"] {
            assert_eq!(intent(status), Webhook::Other, "{status}");
        }
        let session =
            json!({ "object": "checkout.session", "id": "cs_1", "status": "complete", "metadata": metadata });
        assert_eq!(meant(session), changed(None));
    }

    #[test]
    fn an_object_of_others_means_nothing() {
        for object in [
            json!({ "object": "payment_intent", "id": "pi_1", "status": "requires_capture", "metadata": {} }),
            json!({ "object": "payment_intent", "id": "pi_1", "status": "requires_capture", "metadata": null }),
            json!({ "object": "payment_intent", "id": "pi_1", "status": "requires_capture", "metadata": { "payment": "a b" } }),
            json!({ "object": "charge", "id": "ch_1", "status": "succeeded", "metadata": { "payment": "p-1" } }),
            json!({ "object": "customer", "status": 7 }),
            json!({}),
        ] {
            assert_eq!(meant(object.clone()), Webhook::Other, "{object}");
        }
    }
}
