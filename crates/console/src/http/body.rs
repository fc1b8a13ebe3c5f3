//! JSON bodies: what is wrong with one is told with the field that it is in.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse as _,
};
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
            (true, _) => read(b"{}"),
            (false, true) => read(&bytes),
            // A page of another origin can send a text or a form with the user's cookie, but no JSON.
            (false, false) => {
                Err(Failure::bad_request("The request body must be JSON (Content-Type: application/json)"))
            }
        }
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Body<T>, Failure> {
    // What is inside of a field that is ignored would not be looked at.
    if std::str::from_utf8(bytes).is_err() {
        return Err(Failure::bad_request("The request body is not UTF-8"));
    }
    // A list would be read as the fields in their order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Failure::bad_request("The request body must be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut json);
    let body = read.map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        if inner.is_syntax() || inner.is_eof() {
            return Failure::bad_request("The request body is not valid JSON");
        }
        // Of a missing field the path ends before it, and its name is in the text alone.
        let text = inner.to_string();
        let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let field = missing.unwrap_or(&path);
        if field == "." { Failure::bad_request(text.clone()) } else { Failure::field(field, text.clone()) }
    })?;
    json.end().map_err(|_| Failure::bad_request("The request body is not valid JSON"))?;
    Ok(Body(body))
}

fn unreadable(rejection: BytesRejection) -> Failure {
    match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Failure::with_status(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large")
        }
        _ => Failure::bad_request("The request body could not be read"),
    }
}

#[cfg(test)]
mod tests {
    use common::operator::{MoveAct, OperationPlan, SettleAct};

    use super::*;

    fn field<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> Option<String> {
        let failure = read::<T>(text.as_bytes()).unwrap_err();
        assert_eq!(failure.status, StatusCode::BAD_REQUEST);
        failure.errors[0].field.clone()
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        assert_eq!(field::<MoveAct>(r#"{"to":"soon"}"#).as_deref(), Some("to"));
        assert_eq!(field::<MoveAct>(r#"{"byMs":1.5}"#).as_deref(), Some("byMs"));
        assert_eq!(field::<SettleAct>("{}").as_deref(), Some("note"));
        let plan = r#"{"action":"fireTimers","timers":{"ids":["a","b c"]}}"#;
        assert_eq!(field::<OperationPlan>(plan).as_deref(), Some("timers.ids[1]"));
        assert_eq!(field::<OperationPlan>(r#"{"action":"burn"}"#).as_deref(), Some("action"));
    }

    #[test]
    fn what_is_no_json_is_refused_as_a_whole() {
        for text in ["{", "[1]", "null", "{} {}", "\u{0}"] {
            assert_eq!(field::<MoveAct>(text), None, "{text}");
        }
        assert!(read::<MoveAct>(b"{\"other\":\"\xff\"}").is_err());
        assert!(read::<MoveAct>(b"{}").is_ok());
    }
}
