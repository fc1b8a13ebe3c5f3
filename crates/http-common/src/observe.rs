//! What is seen of every request: a span with its name and trace, a line of log, its time and its answer in the metrics.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use common::traceparent::Traceparent;
use futures_util::FutureExt as _;
use metrics::{counter, histogram};
use tracing::{Span, debug, error, info, info_span};

/// Why a request has no answer of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Its handler panicked, which is in the log.
    Panicked,
    /// It took too long.
    CutOff,
}

/// What each line of log about a request carries. Whoever learns who asks records the `user`.
pub fn span(id: &HeaderValue, trace: &Traceparent) -> Span {
    info_span!(
        "request",
        request_id = id.to_str().unwrap_or_default(),
        trace_id = trace.trace_id(),
        user = tracing::field::Empty
    )
}

/// Runs a request for at most `limit`, and tells of it. In trouble, `answer` has the answer, and is told the method and the route.
pub async fn observe(
    request: Request,
    next: Next,
    limit: Duration,
    answer: impl FnOnce(Trouble, &str) -> Response,
) -> Response {
    let method = request.method().clone();
    // Never the path itself: each order would be a series of its own.
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let started = Instant::now();
    let run = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match tokio::time::timeout(limit, run).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => {
            error!("{method} {route} panicked");
            answer(Trouble::Panicked, &format!("{method} {route}"))
        }
        Err(_elapsed) => answer(Trouble::CutOff, &format!("{method} {route}")),
    };
    let (status, took) = (response.status(), started.elapsed());
    log(&method, &route, status.as_u16(), took);
    histogram!("http_request_seconds", "route" => route.clone()).record(took.as_secs_f64());
    let (method, status) = (known(&method), status.as_str().to_owned());
    counter!("http_requests_total", "method" => method, "route" => route, "status" => status).increment(1);
    response
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
