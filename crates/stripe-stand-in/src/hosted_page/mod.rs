//! The pages that a buyer sees: the card form of a session, and the bank's question. Plain HTML, without JavaScript.
//!
//! A card's number is read, matched and forgotten; nothing here logs.

mod card_form;
mod html;

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use crate::{
    app::App,
    error::ApiError,
    form::Form,
    objects::{Intent, IntentStatus, Session, SessionStatus},
    sessions::Paid,
};
use card_form::CardForm;

/// `GET /`: what the ledger says, for whoever wants to know where the money is.
pub(crate) async fn books(State(app): State<Arc<App>>) -> Response {
    page(StatusCode::OK, html::books(&app.state().ledger()))
}

/// `GET /pay/{session}`
pub(crate) async fn show(State(app): State<Arc<App>>, Path(session): Path<String>) -> Response {
    let mut state = app.state();
    state.expire_overdue();
    let Some(session) = state.sessions.get(&session) else { return unknown() };
    let error = session.intent.as_ref().and_then(|id| state.intents.get(id)).and_then(Intent::last_error);
    page_of(session, error.as_deref(), StatusCode::OK)
}

/// `POST /pay/{session}` with `number`, `expiry`, `cvc` and `name`
pub(crate) async fn pay(State(app): State<Arc<App>>, Path(id): Path<String>, body: Bytes) -> Response {
    let card = Form::parse(&body).and_then(|form| CardForm::read(&form));
    let mut state = app.state();
    let result = card.and_then(|card| state.pay_session(&id, card.card, card.name));
    match result {
        Ok(Paid::Complete(url)) => redirect(&url),
        Ok(Paid::Authenticate(intent)) => redirect(&format!("/authenticate/{intent}")),
        Err(error) => {
            let Some(session) = state.sessions.get(&id) else { return unknown() };
            page_of(session, Some(error.message()), status(&error))
        }
    }
}

/// `GET /authenticate/{intent}`
pub(crate) async fn ask(State(app): State<Arc<App>>, Path(id): Path<String>) -> Response {
    let state = app.state();
    match state.intents.get(&id) {
        Some(intent) if intent.status == IntentStatus::RequiresAction => {
            page(StatusCode::OK, html::question(intent))
        }
        Some(_) => {
            page(StatusCode::GONE, html::notice("Your bank has no question about this payment.", None))
        }
        None => unknown(),
    }
}

/// `POST /authenticate/{intent}` with `result`: `complete` or `fail`
pub(crate) async fn answer(State(app): State<Arc<App>>, Path(id): Path<String>, body: Bytes) -> Response {
    let passed = Form::parse(&body).and_then(|form| Ok(form.required("result")? == "complete"));
    let mut state = app.state();
    let session = state.intents.get(&id).map(|intent| intent.session.clone());
    match (passed.and_then(|passed| state.answer_bank(&id, passed)), session) {
        (Ok(Some(url)), _) => redirect(&url),
        (Ok(None), _) => {
            page(StatusCode::OK, html::notice("Thank you. Your bank let the payment pass.", None))
        }
        (Err(_), None) => unknown(),
        // The page of the session says what went wrong, and takes another card.
        (Err(_), Some(Some(session))) => redirect(&format!("/pay/{session}")),
        (Err(error), Some(None)) => page(status(&error), html::notice(error.message(), None)),
    }
}

fn page_of(session: &Session, error: Option<&str>, status: StatusCode) -> Response {
    let notice = |text, link: Option<(&str, &str)>| page(StatusCode::GONE, html::notice(text, link));
    match session.status {
        SessionStatus::Open => page(status, html::card_form(session, error)),
        SessionStatus::Complete => {
            let url = session.success_url();
            notice("This purchase has been paid already.", Some((&url, "Back to the shop")))
        }
        SessionStatus::Expired => {
            let link = session.cancel_url.as_deref().map(|url| (url, "Back to the shop"));
            notice("This checkout session has expired. Nothing was charged.", link)
        }
    }
}

fn unknown() -> Response {
    page(StatusCode::NOT_FOUND, html::notice("There is nothing to pay here.", None))
}

fn status(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::BAD_REQUEST)
}

fn page(status: StatusCode, html: String) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, "no-store")];
    (status, headers, Html(html)).into_response()
}

fn redirect(url: &str) -> Response {
    match HeaderValue::from_str(url) {
        Ok(url) => (StatusCode::SEE_OTHER, [(header::LOCATION, url)]).into_response(),
        Err(_) => page(StatusCode::OK, html::notice("Thank you.", Some((url, "Back to the shop")))),
    }
}
