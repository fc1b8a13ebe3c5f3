//! Why something is not shown or not done, for the API and the pages alike.

use std::fmt;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use common::api::{ErrorBody, FieldError};
use http_common::InvalidJson;

/// Why something is not shown or not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Failure {
    /// What kind of refusal it is.
    pub status: StatusCode,
    /// At least one.
    pub errors: Vec<FieldError>,
    /// In how many seconds another try makes sense, if that is known.
    pub retry_after_s: Option<u32>,
}

impl Failure {
    fn new(status: StatusCode, message: impl Into<String>, field: Option<&str>) -> Self {
        let field = field.map(|field| field.to_owned().into());
        let errors = vec![FieldError { message: message.into().into(), field }];
        Self { status, errors, retry_after_s: None }
    }

    /// 400: one field is wrong.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message, Some(field))
    }

    /// 400: the request is wrong as a whole.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message, None)
    }

    /// 401: nobody is known to ask.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message, None)
    }

    /// 403: whoever asks may not.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message, None)
    }

    /// 404
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message, None)
    }

    /// 409: too late, or the count is another one.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message, None)
    }

    /// 429: too often.
    pub fn too_many(message: impl Into<String>, retry_after_s: u32) -> Self {
        let failure = Self::new(StatusCode::TOO_MANY_REQUESTS, message, None);
        Self { retry_after_s: Some(retry_after_s), ..failure }
    }

    /// 503: something that is needed does not answer.
    pub fn away(message: impl Into<String>) -> Self {
        let failure = Self::new(StatusCode::SERVICE_UNAVAILABLE, message, None);
        Self { retry_after_s: Some(1), ..failure }
    }

    /// Any other kind of refusal.
    pub fn with_status(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, message, None)
    }
}

impl From<InvalidJson> for Failure {
    fn from(InvalidJson { message, field }: InvalidJson) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message, field.as_deref())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: Vec<&str> = self.errors.iter().map(|error| error.message.as_ref()).collect();
        f.write_str(&messages.join("; "))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(ErrorBody { errors: self.errors })).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"console\"");
            response.headers_mut().insert(axum::http::header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
