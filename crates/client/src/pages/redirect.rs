//! The answer to every post that did something: a reload asks for the page and posts nothing again.

use axum::{
    http::{HeaderValue, StatusCode, header::LOCATION},
    response::{IntoResponse as _, Response},
};

use super::notices;

/// Where to go on.
pub(super) fn see(url: &str) -> Response {
    match HeaderValue::try_from(url) {
        Ok(url) => (StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response(),
        Err(_) => notices::defect(),
    }
}
