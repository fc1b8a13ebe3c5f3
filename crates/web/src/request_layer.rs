//! What surrounds every request: its name and trace in the logs, a limit on its time, an answer when it panics, and
//! its metrics.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, Method, header::CACHE_CONTROL},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;
use metrics::{counter, histogram};
use tracing::{Instrument as _, debug, error, info, info_span};

use super::{
    ApiError,
    error::{served, turned_away},
    trace::{REQUEST_ID, Trace, request_id},
};

/// Longer than one piece of work on the database may take. A body that trickles in is cut off too.
const LIMIT: Duration = Duration::from_secs(15);

pub(crate) async fn request_layer(mut request: Request, next: Next) -> Response {
    let (id, trace) = (request_id(request.headers()), Trace::of(request.headers()));
    request.extensions_mut().insert(trace);
    let span = info_span!(
        "request",
        request_id = id.to_str().unwrap_or_default(),
        trace_id = trace.0.trace_id(),
        user = tracing::field::Empty
    );
    let mut response = observe(request, next).instrument(span).await;
    response.headers_mut().insert(REQUEST_ID, id);
    // What one user may see is for nobody between.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn observe(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    // Never the path itself: each order would be a series of its own.
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let started = Instant::now();
    let response = answer(&method, &route, request, next).await;
    let (status, took) = (response.status(), started.elapsed());
    log(&method, &route, status.as_u16(), took);
    if !status.is_server_error() {
        served();
    }
    histogram!("http_request_seconds", "route" => route.clone()).record(took.as_secs_f64());
    let (method, status) = (known(&method), status.as_str().to_owned());
    counter!("http_requests_total", "method" => method, "route" => route, "status" => status).increment(1);
    response
}

async fn answer(method: &Method, route: &str, request: Request, next: Next) -> Response {
    match tokio::time::timeout(LIMIT, AssertUnwindSafe(next.run(request)).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => {
            error!("{method} {route} panicked");
            ApiError::Defect.into_response()
        }
        Err(_elapsed) => {
            turned_away(&format_args!("{method} {route} was cut off after {LIMIT:?}")).into_response()
        }
    }
}

/// A request that only reads gets a line only at `debug`, and so does one that is turned away: those are counted.
fn log(method: &Method, route: &str, status: u16, took: Duration) {
    let took_ms = took.as_secs_f64() * 1_000.0;
    if status == 503 || method.is_safe() && status < 500 {
        debug!(status, took_ms, "{method} {route} {status}");
    } else {
        info!(status, took_ms, "{method} {route} {status}");
    }
}

/// A method may be any word, and each would be a series of its own.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware, routing::get};
    use tower::ServiceExt as _;

    use super::*;

    async fn status(path: &str) -> u16 {
        let api = Router::new()
            .route("/panics", get(async || -> () { panic!("on purpose") }))
            .route("/hangs", get(std::future::pending::<()>))
            .route("/answers", get(async || {}))
            .layer(middleware::from_fn(request_layer));
        let request = Request::get(path).header("x-request-id", "r-1").body(Body::empty()).unwrap();
        let response = api.oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-request-id"], "r-1");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let status = response.status();
        if !status.is_success() {
            let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
            assert!(body.starts_with(br#"{"errors":[{"message":"#), "{body:?}");
            assert!(!body.windows(7).any(|part| part == b"purpose"), "{body:?}");
        }
        status.as_u16()
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_panics_or_hangs_is_answered_like_any_other_error() {
        assert_eq!(status("/panics").await, 500);
        assert_eq!(status("/hangs").await, 503);
        assert_eq!(status("/answers").await, 200);
    }
}
