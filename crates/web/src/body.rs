//! JSON bodies of requests, field by field: each wrong one is told by its name, and a number keeps its text.

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
    response::IntoResponse as _,
};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use super::ApiError;

/// Longest body taken, in bytes. The largest honest one has some hundred.
pub const LONGEST_BODY: usize = 16 * 1024;

/// Longest body that `console` may send, in bytes: a thousand ids.
pub(crate) const LONGEST_INTERNAL_BODY: usize = 128 * 1024;

/// Where it stands among a request's extensions, bodies of so many bytes are taken instead of [`LONGEST_BODY`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimit(pub(crate) usize);

/// The body of a request, which is some JSON; its fields if it is an object, else none. Unknown fields are ignored,
/// and what is inside of them is never built, however deep it is.
#[derive(Debug, Default)]
pub struct Body {
    fields: BTreeMap<String, Box<RawValue>>,
    is_object: bool,
}

impl Body {
    /// The field, if it is there and of this type.
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    /// Whether it is an object. For a body in which every field may be missing.
    pub fn is_object(&self) -> bool {
        self.is_object
    }

    /// The JSON text of the field, if it is there.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(|value| value.get())
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        match serde_json::from_slice(bytes) {
            Ok(fields) => Some(Self { fields, is_object: true }),
            // Valid JSON that is no object has no fields.
            Err(_) if !starts_an_object(bytes) => {
                serde_json::from_slice(bytes).ok().map(|IgnoredAny| Self::default())
            }
            Err(_) => None,
        }
    }
}

fn starts_an_object(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first() == Some(&b'{')
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        // A page of another origin can send a text or a form with the user's cookie, but no JSON.
        let is_json = is_json(request.headers());
        let longest = request.extensions().get().map_or(LONGEST_BODY, |BodyLimit(longest)| *longest);
        // Told at once to who asks first with `Expect: 100-continue`: reading would tell him to go on.
        if announced(request.headers()).is_some_and(|length| length > longest) {
            return Err(ApiError::TooLarge);
        }
        let bytes = Bytes::from_request(request, state).await.map_err(unreadable)?;
        if !is_json {
            return Err(ApiError::bad_request(
                "The request body must be JSON (Content-Type: application/json)",
            ));
        }
        Self::read(&bytes).ok_or(ApiError::bad_request("The request body is not valid JSON"))
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_by_its_type_and_a_number_keeps_its_text() {
        let body = Body::read(br#" {"title":"a","price":19.990,"title":"b","deep":[[[]]]} "#).unwrap();
        assert_eq!(body.field::<String>("title").as_deref(), Some("b"));
        assert_eq!(body.raw("price"), Some("19.990"));
        assert_eq!(body.field::<String>("price"), None);
        assert_eq!(body.field::<String>("missing"), None);
    }

    #[test]
    fn json_that_is_no_object_has_no_fields_and_what_is_no_json_is_refused() {
        for json in ["[]", "null", "7", "\"text\"", "{}"] {
            let body = Body::read(json.as_bytes()).unwrap();
            assert!(body.fields.is_empty(), "{json}");
            assert_eq!(body.is_object(), json == "{}", "{json}");
        }
        for text in ["", "{", "title=1", r#"{"a":}"#, r#"{"a":1} {}"#, "\u{0}", "[1,]"] {
            assert!(Body::read(text.as_bytes()).is_none(), "{text}");
        }
        assert!(Body::read(b"{\"a\":\"\xff\"}").is_none());
    }

    #[test]
    fn a_body_as_deep_as_it_may_be_long_is_no_trouble() {
        let depth = LONGEST_BODY / 2 - 8;
        let body = format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        let body = Body::read(body.as_bytes()).unwrap();
        assert_eq!(body.field::<serde_json::Value>("a"), None);
        assert!(Body::read("[".repeat(LONGEST_BODY).as_bytes()).is_none());
    }
}
