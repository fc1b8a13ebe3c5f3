//! What surrounds every request: its name and trace in the logs, a limit on its time, a page when it panics, its metrics, and
//! the headers that keep a page safe.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header::CACHE_CONTROL},
    middleware::Next,
    response::Response,
};
use http_common::{REQUEST_ID, Trouble, observe, request_id, span, traceparent};
use page_kit::Security;
use tracing::{Instrument as _, error};

use crate::pages::notices;

/// Longer than all calls that a page may wait for one after another.
const LIMIT: Duration = Duration::from_secs(25);

pub(crate) async fn request_layer(
    State(security): State<Security>,
    mut request: Request,
    next: Next,
) -> Response {
    let (id, trace) = (request_id(request.headers()), traceparent(request.headers()));
    request.headers_mut().insert(REQUEST_ID, id.clone());
    request.extensions_mut().insert(trace);
    let mut response = observe(request, next, LIMIT, trouble).instrument(span(&id, &trace)).await;
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    security.put_on(headers);
    // What one visitor may see is for nobody between, and is asked for again on the way back.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn trouble(trouble: Trouble, request: &str) -> Response {
    if trouble == Trouble::CutOff {
        error!("{request} was cut off after {LIMIT:?}");
    }
    notices::defect()
}
