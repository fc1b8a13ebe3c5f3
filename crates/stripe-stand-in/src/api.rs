//! `/v1`: from a request to a call, and from its outcome to a response.

use std::sync::Arc;

use axum::{
    body::{self, Body},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};

use crate::{
    app::{App, Outcome, Received, answer},
    auth,
    calls::Endpoint,
    error::ApiError,
    form::Form,
    idempotency::Answer,
    ids,
    objects::{LATEST_VERSION, Origin},
};

const LARGEST_BODY: usize = 1024 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// A response that is to be replaced by the end of its connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut;

/// Answers one request.
pub(crate) async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let id = ids::new_request();
    let key = request.headers().get("idempotency-key").cloned();
    let version = request.headers().get("stripe-version").cloned();
    let outcome = match read(&app, request, &id).await {
        Ok(received) => app.run(received).await,
        Err(error) => Outcome::Answer(answer(Err(error), id.clone())),
    };
    let mut response = match outcome {
        Outcome::Answer(answer) => respond(&answer),
        Outcome::Replay(answer) => replay(&answer),
        Outcome::Cut => {
            let mut cut = Response::new(Body::empty());
            cut.extensions_mut().insert(Cut);
            return cut;
        }
    };
    let headers = response.headers_mut();
    set(headers, "request-id", &id);
    let version = version.unwrap_or_else(|| HeaderValue::from_static(LATEST_VERSION));
    headers.insert("stripe-version", version);
    if let Some(key) = key {
        headers.insert("idempotency-key", key);
    }
    response
}

async fn read(app: &App, request: Request, id: &str) -> Result<Received, ApiError> {
    let (parts, body) = request.into_parts();
    auth::check(&parts.headers, app.secret_key.as_deref())?;
    let endpoint = Endpoint::of(&parts.method, parts.uri.path())?;
    let version = read_version(&parts.headers)?;
    let form = read_form(&parts, body).await?;
    let key = read_header(&parts.headers, "idempotency-key")?.filter(|_| endpoint.changes());
    let fingerprint = format!("{} {} {}", parts.method, parts.uri.path(), form.fingerprint());
    let origin = Origin { request: Some(id.to_owned()), key, version };
    Ok(Received { endpoint, form, fingerprint, origin })
}

async fn read_form(parts: &Parts, body: Body) -> Result<Form, ApiError> {
    if parts.method == Method::GET {
        return Form::parse(parts.uri.query().unwrap_or_default().as_bytes());
    }
    let body = body::to_bytes(body, LARGEST_BODY).await;
    let body = body.map_err(|_| ApiError::invalid("Invalid request: the body can't be read."))?;
    let kind =
        parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !body.is_empty() && !kind.starts_with(FORM) {
        let message = format!("Invalid request (check that your POST content type is {FORM}).");
        return Err(ApiError::invalid(message));
    }
    Form::parse(&body)
}

/// `2026-09-30` with or without a name behind it.
fn read_version(headers: &HeaderMap) -> Result<String, ApiError> {
    let Some(version) = read_header(headers, "stripe-version")? else { return Ok(LATEST_VERSION.to_owned()) };
    let date = version.get(..10).unwrap_or_default();
    let is_date = date.char_indices().all(|(place, letter)| match place {
        4 | 7 => letter == '-',
        _ => letter.is_ascii_digit(),
    });
    if date.len() == 10 && is_date {
        return Ok(version);
    }
    Err(ApiError::invalid(format!("Invalid Stripe API version: {version}")))
}

fn read_header(headers: &HeaderMap, name: &str) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().map_err(|_| ApiError::invalid(format!("Invalid header: {name}")))?;
    Ok(Some(text.to_owned()))
}

fn replay(answer: &Answer) -> Response {
    let mut response = respond(answer);
    set(response.headers_mut(), "idempotent-replayed", "true");
    set(response.headers_mut(), "original-request", &answer.request);
    response
}

fn respond(answer: &Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body.to_string()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
