//! JSON bodies of requests.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::IntoResponse as _,
};
use serde_json::Value;

use super::ApiError;

/// Longest body taken, in bytes. The largest honest one has less than a hundred.
pub(super) const LONGEST: usize = 16 * 1024;

/// The body of a request, which is some JSON.
#[derive(Debug)]
pub(super) struct Body(pub(super) Value);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        // A page of another origin can send a text or a form with the buyer's cookie, but no JSON.
        let is_json = is_json(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(unreadable)?;
        if !is_json {
            return Err(ApiError::bad_request(
                "The request body must be JSON (Content-Type: application/json)",
            ));
        }
        let value = serde_json::from_slice(&bytes);
        value.map(Self).map_err(|_| ApiError::bad_request("The request body is not valid JSON"))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

fn unreadable(rejection: BytesRejection) -> ApiError {
    match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        _ => ApiError::bad_request("The request body could not be read"),
    }
}
