//! How a page opens its stream, and who may.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse as _, Response},
    routing::get,
};
use common::event::Id;
use serde::Deserialize;

use super::{
    Live,
    news::{self, OrderState},
    places::refused,
    stream::{self, Source},
};
use crate::{
    api::{Failure, Order},
    visit::Visit,
};

/// Sent by a browser that had a stream before.
const LAST_EVENT_ID: &str = "last-event-id";
/// When a page may try again for which there was no room, in seconds.
const TRY_AGAIN: HeaderValue = HeaderValue::from_static("30");

pub(super) fn router(live: Live) -> Router {
    Router::new()
        .route("/live/tickets", get(of_tickets))
        .route("/live/orders/{id}", get(of_order))
        .with_state(live)
}

/// When what the page shows was read, in Unix milliseconds.
#[derive(Deserialize)]
struct Shown {
    since: Option<String>,
}

async fn of_tickets(
    State(live): State<Live>,
    Query(Shown { since }): Query<Shown>,
    headers: HeaderMap,
) -> Response {
    let Some(place) = live.places.take() else { return full() };
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let reader = live.tickets.enter(last.or(since.as_deref()).and_then(|text| text.parse().ok()));
    stream::open(Source::Tickets(Arc::clone(&live.tickets), reader), None, place)
}

/// How the page shows the order. What it does not say counts as it is.
#[derive(Deserialize)]
struct ShownOrder {
    state: Option<String>,
    payment: Option<String>,
    /// When it expires, in Unix milliseconds.
    until: Option<String>,
}

async fn of_order(
    State(live): State<Live>,
    Path(id): Path<String>,
    Query(shown): Query<ShownOrder>,
    visit: Visit,
) -> Response {
    let Some(place) = live.places.take() else { return full() };
    let Ok(id) = id.parse::<Id>() else { return StatusCode::NOT_FOUND.into_response() };
    // Before the order is read: what happens between counts.
    let reader = live.orders.enter(id.clone());
    match live.apis.order(&visit, &id).await {
        Ok(order) => {
            let news = shown.differs_from(&order).then(|| news::order(&id, OrderState::Changed));
            stream::open(Source::Orders(reader), news, place)
        }
        Err(failure) => not_opened(&failure),
    }
}

impl ShownOrder {
    fn differs_from(&self, order: &Order) -> bool {
        let payment = order.payment.as_ref().map_or("", |payment| payment.status.as_str());
        self.state.as_deref().is_some_and(|state| state != order.status.as_str())
            || self.until.as_deref().is_some_and(|until| until != order.expires_at.as_millis().to_string())
            || self.payment.as_deref().is_some_and(|shown| shown != payment)
    }
}

fn full() -> Response {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [(RETRY_AFTER, TRY_AGAIN)],
        "Too many pages are open, try again later\n",
    )
        .into_response()
}

fn not_opened(failure: &Failure) -> Response {
    let status = match failure {
        Failure::NotAuthorised => StatusCode::UNAUTHORIZED,
        Failure::NotFound | Failure::Refused(_) | Failure::Changed => StatusCode::NOT_FOUND,
        Failure::TooMany { .. } | Failure::Away { .. } => {
            refused("away");
            return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, TRY_AGAIN)], "Try again later\n")
                .into_response();
        }
    };
    refused("not_theirs");
    status.into_response()
}
