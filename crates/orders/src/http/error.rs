//! Every answer that is an error: `{"errors": [{"message", "field"?}]}`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use outbox::Failure;
use serde::Serialize;
use tracing::{error, warn};

/// An answer that is an error. The texts are those that clients already show.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 400: the request is wrong, perhaps in one field.
    #[error("{message}")]
    BadRequest {
        /// What is wrong.
        message: &'static str,
        /// Where.
        field: Option<&'static str>,
    },
    /// 401: nobody is signed in, or it is someone else's.
    #[error("Not authorized")]
    NotAuthorized,
    /// 404
    #[error("Not Found")]
    NotFound,
    /// 405
    #[error("Method not allowed")]
    MethodNotAllowed,
    /// 413
    #[error("The request body is too large")]
    TooLarge,
    /// 500: a defect. The reason is in the log and never in the answer.
    #[error("Something went wrong")]
    Defect,
    /// 503: something that we need is away. Worth another try.
    #[error("The service is not available at the moment, please try again")]
    Unavailable,
}

impl ApiError {
    /// A request that is wrong as a whole.
    pub const fn bad_request(message: &'static str) -> Self {
        Self::BadRequest { message, field: None }
    }

    /// A request that is wrong in one field.
    pub const fn bad_field(field: &'static str, message: &'static str) -> Self {
        Self::BadRequest { message, field: Some(field) }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest { .. } => StatusCode::BAD_REQUEST,
            Self::NotAuthorized => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Defect => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        match Failure::of(&error) {
            Failure::Unavailable | Failure::Conflict => {
                warn!("a request was turned away, Postgres is not available: {error}");
                Self::Unavailable
            }
            Failure::Fault => {
                error!("a request failed: {error}");
                Self::Defect
            }
        }
    }
}

#[derive(Debug, Serialize)]
struct Body {
    errors: [Entry; 1],
}

#[derive(Debug, Serialize)]
struct Entry {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let field = if let Self::BadRequest { field, .. } = &self { *field } else { None };
        let body = Body { errors: [Entry { message: self.to_string(), field }] };
        let mut response = (self.status(), Json(body)).into_response();
        if matches!(self, Self::Unavailable) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
