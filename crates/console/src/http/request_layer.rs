//! What surrounds every request: its name and trace in the logs, a limit on its time, an answer when it panics, its metrics.

use std::time::Duration;

use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header::CACHE_CONTROL},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http_common::{REQUEST_ID, Trouble, observe, request_id, span, traceparent};
use tracing::{Instrument as _, error};

use crate::failure::Failure;

/// A set of a million is frozen within it.
const LIMIT: Duration = Duration::from_secs(60);

pub(super) async fn request_layer(mut request: Request, next: Next) -> Response {
    let (id, trace) = (request_id(request.headers()), traceparent(request.headers()));
    request.headers_mut().insert(REQUEST_ID, id.clone());
    request.extensions_mut().insert(trace);
    let mut response = observe(request, next, LIMIT, trouble).instrument(span(&id, &trace)).await;
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    // What one operator may see is for nobody between.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn trouble(trouble: Trouble, request: &str) -> Response {
    match trouble {
        Trouble::Panicked => {
            Failure::with_status(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong").into_response()
        }
        Trouble::CutOff => {
            error!("{request} was cut off after {LIMIT:?}");
            Failure::away("This took too long, please try again").into_response()
        }
    }
}
