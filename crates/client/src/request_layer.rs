//! What surrounds every request: its name and trace in the logs, a limit on its time, a page when it panics, its metrics, and
//! the headers that keep a page safe.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method, header::CACHE_CONTROL},
    middleware::Next,
    response::Response,
};
use futures_util::FutureExt as _;
use metrics::{counter, histogram};
use tracing::{Instrument as _, debug, error, info, info_span};

use crate::{
    pages::notices,
    security::Security,
    visit::{REQUEST_ID, request_id, trace},
};

/// Longer than all calls that a page may wait for one after another.
const LIMIT: Duration = Duration::from_secs(25);

pub(crate) async fn request_layer(
    State(security): State<Security>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let (id, trace) = (request_id(&parts), trace(&parts));
    parts.headers.insert(REQUEST_ID, id.clone());
    parts.extensions.insert(trace);
    let span = info_span!(
        "request",
        request_id = id.to_str().unwrap_or_default(),
        trace_id = trace.trace_id(),
        user = tracing::field::Empty
    );
    let mut response = observe(Request::from_parts(parts, body), next).instrument(span).await;
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    security.put_on(headers);
    // What one visitor may see is for nobody between, and is asked for again on the way back.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn observe(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    // Never the path itself: each order would be a series of its own.
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let started = Instant::now();
    let response = answer(&method, &route, request, next).await;
    let (status, took) = (response.status().as_u16(), started.elapsed());
    let took_ms = took.as_secs_f64() * 1_000.0;
    if status == 503 || method.is_safe() && status < 500 {
        debug!(status, took_ms, "{method} {route} {status}");
    } else {
        info!(status, took_ms, "{method} {route} {status}");
    }
    histogram!("http_request_seconds", "route" => route.clone()).record(took.as_secs_f64());
    counter!("http_requests_total", "method" => known(&method), "route" => route, "status" => status.to_string())
        .increment(1);
    response
}

async fn answer(method: &Method, route: &str, request: Request, next: Next) -> Response {
    match tokio::time::timeout(LIMIT, AssertUnwindSafe(next.run(request)).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => {
            error!("{method} {route} panicked");
            notices::defect()
        }
        Err(_elapsed) => {
            error!("{method} {route} was cut off after {LIMIT:?}");
            notices::defect()
        }
    }
}

/// A method may be any word, and each would be a series of its own.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}
