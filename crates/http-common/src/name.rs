//! What a request is called in the logs, and which trace it belongs to.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use common::{
    event::Id,
    traceparent::{TRACEPARENT, Traceparent},
};

/// Names one request, in its answer too. A client or a proxy may choose it.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The trace that these headers name, or a new one.
pub fn traceparent(headers: &HeaderMap) -> Traceparent {
    let header = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
    header.and_then(|text| text.parse().ok()).unwrap_or_else(Traceparent::generate)
}

/// The request's own id where it is fit for a log line, else a new one.
pub fn request_id(headers: &HeaderMap) -> HeaderValue {
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
        assert_eq!(traceparent(&headers(name.clone(), trace.to_string().as_bytes())), trace);
        assert_ne!(traceparent(&headers(name, b"00-forged")), trace);
    }
}
