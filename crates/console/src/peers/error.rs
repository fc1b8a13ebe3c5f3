//! Why a service does not do what it is asked for.

use axum::http::StatusCode;
use common::{
    Service,
    api::{ErrorBody, FieldError},
};

use crate::failure::Failure;

/// Why a service does not do what it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// 404: it knows no such thing.
    #[error("{0}")]
    NotFound(String),
    /// 409: too late. Why, for a person.
    #[error("{0}")]
    Conflict(String),
    /// 400: something is wrong with it, in a person's words.
    #[error("{}", .0.iter().map(|error| error.message.as_ref()).collect::<Vec<_>>().join("; "))]
    Refused(Vec<FieldError>),
    /// No process of it has a good answer.
    #[error("{service} does not answer: {reason}")]
    Away {
        /// Which.
        service: Service,
        /// What was found out.
        reason: String,
    },
}

impl PeerError {
    /// What an answer that is an error means.
    pub(super) fn read(service: Service, status: StatusCode, body: &[u8]) -> Self {
        let away = |reason| Self::Away { service, reason };
        if status == StatusCode::UNAUTHORIZED {
            return away("it refuses INTERNAL_TOKEN, which has to be the same there and here".to_owned());
        }
        // What is not in this form is not said by a handler under `/internal`.
        let errors = serde_json::from_slice::<ErrorBody>(body).unwrap_or_default().errors;
        let Some(first) = errors.first().map(|error| error.message.clone().into_owned()) else {
            return away(match status {
                StatusCode::NOT_FOUND => {
                    "nothing is there under /internal: set INTERNAL_TOKEN there too".to_owned()
                }
                status => format!("an answer {status} without a reason"),
            });
        };
        match status.as_u16() {
            400 | 413 => Self::Refused(errors),
            404 => Self::NotFound(first),
            409 => Self::Conflict(first),
            _ => away(format!("an answer {status}: {first}")),
        }
    }

    /// Whether it is not known what would have been answered.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Away { .. })
    }
}

impl From<PeerError> for Failure {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::NotFound(message) => Self::not_found(message),
            PeerError::Conflict(message) => Self::conflict(message),
            PeerError::Refused(errors) => {
                Self { status: StatusCode::BAD_REQUEST, errors, retry_after_s: None }
            }
            away @ PeerError::Away { .. } => Self::away(away.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> PeerError {
        PeerError::read(Service::Orders, StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn an_error_of_the_service_keeps_its_words_and_its_field() {
        let body = r#"{"errors":[{"message":"It is complete","field":"to"}]}"#;
        let PeerError::Refused(errors) = read(400, body) else { panic!("not refused") };
        assert_eq!(errors[0].field.as_deref(), Some("to"));
        assert_eq!(read(409, body), PeerError::Conflict("It is complete".to_owned()));
        assert_eq!(Failure::from(read(404, body)).status, StatusCode::NOT_FOUND);
        assert_eq!(Failure::from(read(500, body)).status, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn a_service_without_an_inside_is_away_and_says_what_to_do() {
        for (status, body) in
            [(404, ""), (404, "<html>"), (401, r#"{"errors":[{"message":"Not authorized"}]}"#)]
        {
            let error = read(status, body);
            assert!(error.is_away() && error.to_string().contains("INTERNAL_TOKEN"), "{error}");
        }
        assert!(read(502, "bad gateway").is_away());
    }
}
