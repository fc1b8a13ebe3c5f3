//! When a request came in.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, Utc};
use common::clock;

/// When the head of a request came in, by this machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct Arrived(pub DateTime<Utc>);

impl<S: Send + Sync> FromRequestParts<S> for Arrived {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_else(|| Self(clock::now())))
    }
}
