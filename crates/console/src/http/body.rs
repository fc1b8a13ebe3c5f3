//! JSON bodies: what is wrong with one is told with the field that it is in.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse as _,
};
use http_common::read_json;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// The body of a request. None at all is that of an act which needs nothing: `{}`.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let is_json = media_type.eq_ignore_ascii_case("application/json");
        let bytes = Bytes::from_request(request, state).await.map_err(unreadable)?;
        match (bytes.is_empty(), is_json) {
            (true, _) => read_json(b"{}").map(Self).map_err(Failure::from),
            (false, true) => read_json(&bytes).map(Self).map_err(Failure::from),
            // A page of another origin can send a text or a form with the user's cookie, but no JSON.
            (false, false) => {
                Err(Failure::bad_request("The request body must be JSON (Content-Type: application/json)"))
            }
        }
    }
}

fn unreadable(rejection: BytesRejection) -> Failure {
    match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Failure::with_status(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large")
        }
        _ => Failure::bad_request("The request body could not be read"),
    }
}
