//! Every answer that is an error: `{"errors": [{"message", "field"?}]}`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use common::api::{ErrorBody, FieldError};

use http_common::InvalidJson;

use crate::schedule::Unavailable;

/// An answer that is an error.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    message: String,
    field: Option<String>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), field: None }
    }

    /// A request that is wrong in one field.
    pub(super) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into(), field: Some(field.into()) }
    }

    pub(super) fn no_such_timer() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such timer: it has fired, was cancelled, or never was")
    }
}

impl From<InvalidJson> for Problem {
    fn from(InvalidJson { message, field }: InvalidJson) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message, field }
    }
}

impl From<Unavailable> for Problem {
    fn from(error: Unavailable) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let is_away = self.status == StatusCode::SERVICE_UNAVAILABLE;
        let error = FieldError { message: self.message.into(), field: self.field.map(Into::into) };
        let mut response = (self.status, Json(ErrorBody { errors: vec![error] })).into_response();
        if is_away {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(1));
        }
        response
    }
}
