//! What surrounds every request of an API: its name and trace in the logs, a limit on its time, an answer when it panics, and
//! its metrics.

use std::time::Duration;

use axum::{
    extract::Request,
    http::{HeaderValue, header::CACHE_CONTROL},
    middleware::Next,
    response::{IntoResponse, Response},
};
use common::clock;
use http_common::{REQUEST_ID, Trouble, observe, request_id, span, traceparent};
use tracing::Instrument as _;

use super::{
    ApiError, Arrived,
    error::{served, turned_away},
    trace::Trace,
};

/// Longer than one piece of work on the database may take. A body that trickles in is cut off too.
const LIMIT: Duration = Duration::from_secs(15);

pub(crate) async fn request_layer(mut request: Request, next: Next) -> Response {
    let (id, trace) = (request_id(request.headers()), traceparent(request.headers()));
    request.extensions_mut().insert(Arrived(clock::now()));
    request.extensions_mut().insert(Trace(trace));
    let observed = observe(request, next, LIMIT, trouble).instrument(span(&id, &trace));
    let mut response = observed.await;
    if !response.status().is_server_error() {
        served();
    }
    response.headers_mut().insert(REQUEST_ID, id);
    // What one user may see is for nobody between.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn trouble(trouble: Trouble, request: &str) -> Response {
    match trouble {
        Trouble::Panicked => ApiError::Defect.into_response(),
        Trouble::CutOff => {
            turned_away(&format_args!("{request} was cut off after {LIMIT:?}")).into_response()
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
