//! `ETag` and `If-Match`: an edit that asks for it happens only to the version that its author has seen.
//!
//! Source: RFC 9110 §8.8.3 (ETag) and §13.1.1 (If-Match).

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderValue,
        header::{ETAG, HeaderName, IF_MATCH},
        request::Parts,
    },
};

use super::ApiError;

/// The versions that a request is meant for; `None`, which is what a client that asks for nothing special gets, is
/// any of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfMatch(pub Option<Vec<u32>>);

/// The header that names a version: `ETag: "3"`.
pub fn etag(version: u32) -> [(HeaderName, HeaderValue); 1] {
    // Digits and quotes, so the fallback is never taken.
    let value = HeaderValue::try_from(format!("\"{version}\""));
    [(ETAG, value.unwrap_or(HeaderValue::from_static("\"\"")))]
}

impl IfMatch {
    /// A weak tag, and one that we never gave out, match nothing.
    fn read(text: &str) -> Option<Self> {
        if text.trim() == "*" {
            return Some(Self(None));
        }
        let mut versions = Vec::new();
        for tag in text.split(',').map(str::trim) {
            let (weak, quoted) = tag.strip_prefix("W/").map_or((false, tag), |rest| (true, rest));
            let opaque =
                quoted.strip_prefix('"')?.strip_suffix('"').filter(|opaque| !opaque.contains('"'))?;
            let version = opaque.parse().ok().filter(|version: &u32| version.to_string() == opaque);
            versions.extend(version.filter(|_| !weak));
        }
        Some(Self(Some(versions)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let lines: Vec<_> = parts.headers.get_all(IF_MATCH).iter().map(HeaderValue::to_str).collect();
        if lines.is_empty() {
            return Ok(Self(None));
        }
        let lines: Option<Vec<&str>> = lines.into_iter().map(Result::ok).collect();
        let read = lines.and_then(|lines| Self::read(&lines.join(",")));
        read.ok_or(ApiError::bad_request("If-Match must be an ETag such as \"3\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_standard_is_read() {
        for (text, versions) in [
            ("*", None),
            ("\"3\"", Some(vec![3])),
            ("\"3\", \"4\"", Some(vec![3, 4])),
            ("W/\"3\"", Some(vec![])),
            ("\"abc\", \"7\"", Some(vec![7])),
            ("\"+3\", \"03\"", Some(vec![])),
        ] {
            assert_eq!(IfMatch::read(text), Some(IfMatch(versions)), "{text}");
        }
        for text in ["", "3", "\"3", "\"3\" \"4\"", "\"3\",", "W/3"] {
            assert_eq!(IfMatch::read(text), None, "{text}");
        }
        assert_eq!(etag(3)[0].1, "\"3\"");
    }
}
