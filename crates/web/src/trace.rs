//! Which trace a request belongs to, and what it is called in the logs.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, request::Parts},
};
use common::{
    event::Id,
    traceparent::{TRACEPARENT, Traceparent},
};

/// Names one request, in its answer too. A client or a proxy may choose it.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The trace of a request: that of its `traceparent` header, else a new one. Events that the request causes carry it.
#[derive(Clone, Copy, Debug)]
pub struct Trace(pub Traceparent);

impl Trace {
    /// The trace that these headers name, or a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let header = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
        Self(header.and_then(|text| text.parse().ok()).unwrap_or_else(Traceparent::generate))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Trace {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_else(|| Self::of(&parts.headers)))
    }
}

/// The request's own id where it is fit for a log line, else a new one.
pub(crate) fn request_id(headers: &HeaderMap) -> HeaderValue {
    let legal = |value: &&HeaderValue| {
        let fit = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
        (1..=128).contains(&value.len()) && value.as_bytes().iter().all(fit)
    };
    let given = headers.get(REQUEST_ID).filter(legal).cloned();
    // An id is made of letters and digits, so the fallback is never taken.
    given.unwrap_or_else(|| {
        HeaderValue::try_from(Id::generate().as_str()).unwrap_or(HeaderValue::from_static("none"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &[u8]) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_bytes(value).unwrap())])
    }

    #[test]
    fn a_request_id_that_would_spoil_a_log_is_replaced() {
        assert_eq!(request_id(&headers(REQUEST_ID, b"a-b_c.d:1")), "a-b_c.d:1");
        for bad in [&b"a b"[..], b"", b"\xff", b"{}", &[b'x'; 129]] {
            let id = request_id(&headers(REQUEST_ID, bad));
            assert_eq!(id.len(), 24, "{id:?}");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }

    #[test]
    fn a_trace_is_taken_over_and_a_forged_one_is_not() {
        let trace = Traceparent::generate();
        let name = HeaderName::from_static(TRACEPARENT);
        assert_eq!(Trace::of(&headers(name.clone(), trace.to_string().as_bytes())).0, trace);
        assert_ne!(Trace::of(&headers(name, b"00-forged")).0, trace);
    }
}
