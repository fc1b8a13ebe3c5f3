//! Why an API does not do what a visitor asks of it.

use std::time::Duration;

use axum::http::StatusCode;
use common::{
    Service,
    api::{ErrorBody, FieldError},
};

/// Why an API does not do what a visitor asks of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// 400 or 402: something is wrong with it, in a person's words.
    #[error("refused: {}", .0.iter().map(|error| error.message.as_ref()).collect::<Vec<_>>().join("; "))]
    Refused(Vec<FieldError>),
    /// 401: nobody is signed in, or it is someone else's.
    #[error("not authorised")]
    NotAuthorised,
    /// 404
    #[error("not found")]
    NotFound,
    /// 412: it has changed since the visitor saw it.
    #[error("changed in the meantime")]
    Changed,
    /// 429: too often, or too much of it.
    #[error("{message}")]
    TooMany {
        /// Why, in a person's words.
        message: String,
        /// When to try again; `None` if waiting does not help.
        wait: Option<Duration>,
    },
    /// The service does not answer, or has no good answer.
    #[error("{service} is away: {reason}")]
    Away {
        /// Which.
        service: Service,
        /// For the log.
        reason: String,
    },
}

impl Failure {
    /// What an answer that is an error means.
    pub(super) fn read(service: Service, status: StatusCode, wait: Option<Duration>, body: &[u8]) -> Self {
        // What is not in this form is not the service's own: a proxy in between speaks.
        let errors = serde_json::from_slice::<ErrorBody>(body).unwrap_or_default().errors;
        let Some(first) = errors.first().cloned() else {
            return Self::Away { service, reason: format!("an answer {status} without a reason") };
        };
        match status.as_u16() {
            400 | 402 => Self::Refused(errors),
            401 => Self::NotAuthorised,
            404 => Self::NotFound,
            412 => Self::Changed,
            429 => Self::TooMany { message: first.message.into_owned(), wait },
            _ => Self::Away { service, reason: format!("an answer {status}: {}", first.message) },
        }
    }

    /// A call that brought no answer at all.
    pub(crate) fn away(service: Service, reason: &impl ToString) -> Self {
        Self::Away { service, reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Failure {
        Failure::read(Service::Orders, StatusCode::from_u16(status).unwrap(), None, body.as_bytes())
    }

    #[test]
    fn an_error_of_the_service_keeps_its_words_and_its_field() {
        let body = r#"{"errors":[{"message":"Title is required","field":"title"},{"message":"No"}]}"#;
        let Failure::Refused(errors) = read(400, body) else { panic!("not refused") };
        assert_eq!(errors[0].field.as_deref(), Some("title"));
        assert_eq!(errors[1], FieldError::whole("No"));
        assert_eq!(read(404, body), Failure::NotFound);
        assert_eq!(read(401, body), Failure::NotAuthorised);
    }

    #[test]
    fn an_answer_of_somebody_in_between_means_that_the_service_is_away() {
        for (status, body) in
            [(404, "<html>"), (401, ""), (502, "{}"), (503, r#"{"errors":[{"message":"m"}]}"#)]
        {
            assert!(matches!(read(status, body), Failure::Away { .. }), "{status} {body}");
        }
    }
}
