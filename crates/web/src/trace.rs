//! Which trace a request belongs to.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};
use common::traceparent::Traceparent;
use http_common::traceparent;

/// The trace of a request: that of its `traceparent` header, else a new one. Events that the request causes carry it.
#[derive(Clone, Copy, Debug)]
pub struct Trace(pub Traceparent);

impl<S: Send + Sync> FromRequestParts<S> for Trace {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_else(|| Self(traceparent(&parts.headers))))
    }
}
