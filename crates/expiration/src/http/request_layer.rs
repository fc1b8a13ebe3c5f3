//! What surrounds every request of `console`: its name and trace in the log, a limit on its time, its metrics.

use std::time::Duration;

use axum::{
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http_common::{REQUEST_ID, Trouble, observe, request_id, span, traceparent};
use tracing::Instrument as _;

use super::problem::Problem;

/// Longer than a few questions to a Redis that is away.
const LIMIT: Duration = Duration::from_secs(15);

pub(super) async fn request_layer(request: Request, next: Next) -> Response {
    let (id, trace) = (request_id(request.headers()), traceparent(request.headers()));
    let mut response = observe(request, next, LIMIT, trouble).instrument(span(&id, &trace)).await;
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn trouble(trouble: Trouble, request: &str) -> Response {
    let problem = match trouble {
        Trouble::Panicked => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
        Trouble::CutOff => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{request} was cut off after {LIMIT:?}: it may or may not have been done"),
        ),
    };
    problem.into_response()
}
