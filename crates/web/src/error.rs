//! Every answer that is an error: `{"errors": [{"message", "field"?}]}`.

use std::{fmt, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use common::api::{ErrorBody, FieldError};
use postgres::Failure;
use process::outage::{Ended, Outage};
use tracing::{error, info, warn};

/// An answer that is an error. The texts are those that clients already show.
#[derive(Debug)]
pub enum ApiError {
    /// 400: the request is wrong, perhaps in some of its fields.
    BadRequest(Vec<FieldError>),
    /// 401: nobody is signed in, or it is someone else's.
    NotAuthorized,
    /// 403: a page of another origin asks for a change in its visitor's name.
    CrossSite,
    /// 404
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 409: it is not in the state for it any more, and the text says in which it is.
    Conflict(&'static str),
    /// 412: it is no longer at the version that the request names in `If-Match`.
    Changed,
    /// 413
    TooLarge,
    /// 429, with the time after which another try makes sense.
    TooManyAttempts(Duration),
    /// 429: the user does it too often, with the time after which another try makes sense.
    TooOften(Duration),
    /// 429: the user has as much of something as he may have. Waiting does not help, but what the text says does.
    LimitReached(&'static str),
    /// 500: a defect. The reason is in the log and never in the answer.
    Defect,
    /// 503: something that we need is away. Worth another try.
    Unavailable,
}

impl ApiError {
    /// A request that is wrong as a whole.
    pub fn bad_request(message: &'static str) -> Self {
        Self::BadRequest(vec![FieldError::whole(message)])
    }

    /// A request that is wrong in one field.
    pub fn bad_field(field: &'static str, message: &'static str) -> Self {
        Self::BadRequest(vec![FieldError::of(field, message)])
    }

    /// A field, or a parameter of the query string, that has no instant.
    pub fn no_instant(field: &'static str) -> Self {
        Self::bad_field(field, "Expected an instant such as 2026-01-31T12:00:00.000Z")
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotAuthorized => StatusCode::UNAUTHORIZED,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Changed => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyAttempts(_) | Self::TooOften(_) | Self::LimitReached(_) => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Defect => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn message(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "bad request",
            Self::NotAuthorized => "Not authorized",
            Self::CrossSite => "Cross-site requests are not allowed",
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::Changed => "It has been changed in the meantime, please look at it again",
            Self::TooLarge => "The request body is too large",
            Self::LimitReached(message) | Self::Conflict(message) => message,
            Self::TooOften(_) => "Too many changes, please try again later",
            Self::TooManyAttempts(_) => "Too many failed attempts, please try again later",
            Self::Defect => "Something went wrong",
            Self::Unavailable => "The service is not available at the moment, please try again",
        }
    }

    /// Whole seconds, rounded up.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts(wait) | Self::TooOften(wait) => {
                Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
            }
            Self::Unavailable => Some(1),
            _ => None,
        }
    }
}

static TURNED_AWAY: Outage = Outage::new(QUIET);
static FAILED: Outage = Outage::new(QUIET);
/// Requests that succeed beside others that fail are no end.
const QUIET: Duration = Duration::from_secs(10);

/// A request that can't be served now, and why: for the log, which tells of the first of many and counts the others.
pub fn turned_away(reason: &impl fmt::Display) -> ApiError {
    if let Some(count) = TURNED_AWAY.failed() {
        warn!(count, "requests are turned away: {reason}");
    }
    ApiError::Unavailable
}

/// A request that a defect of ours ends, and what it is: for the log, as [`turned_away`].
pub fn failed(reason: &impl fmt::Display) -> ApiError {
    if let Some(count) = FAILED.failed() {
        error!(count, "requests fail: {reason}");
    }
    ApiError::Defect
}

/// Called for each request that was served.
pub(crate) fn served() {
    for (outage, what) in [(&TURNED_AWAY, "were turned away"), (&FAILED, "failed")] {
        if let Some(Ended { count, lasted }) = outage.succeeded() {
            info!(count, lasted_s = lasted.as_secs_f64(), "requests are served again, {count} {what}");
        }
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        match Failure::of(&error) {
            Failure::Unavailable | Failure::Conflict | Failure::StalePlan => {
                turned_away(&format_args!("Postgres is not available: {error}"))
            }
            Failure::Fault => failed(&error),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status(), self.retry_after());
        let message = self.message();
        let errors = match self {
            Self::BadRequest(complaints) => complaints,
            _ => vec![FieldError::whole(message)],
        };
        let mut response = (status, Json(ErrorBody { errors })).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
