//! What surrounds every request: a limit on its time, an answer when it panics, and its metrics.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;
use metrics::{counter, histogram};
use tracing::{error, warn};

use super::ApiError;

/// Longer than one piece of work on the database may take. A body that trickles in is cut off too.
const LIMIT: Duration = Duration::from_secs(15);

pub(super) async fn guard(request: Request, next: Next) -> Response {
    let method = request.method().to_string();
    // Never the path itself: each order would be a series of its own.
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let started = Instant::now();
    let response = answer(&method, &route, request, next).await;
    let status = response.status().as_str().to_owned();
    histogram!("http_request_seconds", "route" => route.clone()).record(started.elapsed().as_secs_f64());
    counter!("http_requests_total", "method" => method, "route" => route, "status" => status).increment(1);
    response
}

async fn answer(method: &str, route: &str, request: Request, next: Next) -> Response {
    match tokio::time::timeout(LIMIT, AssertUnwindSafe(next.run(request)).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => {
            error!("{method} {route} panicked");
            ApiError::Defect.into_response()
        }
        Err(_elapsed) => {
            warn!("{method} {route} was cut off after {LIMIT:?}");
            ApiError::Unavailable.into_response()
        }
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
            .layer(middleware::from_fn(guard));
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = api.oneshot(request).await.unwrap();
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
