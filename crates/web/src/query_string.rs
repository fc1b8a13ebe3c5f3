//! The query string, refused as everything else is.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::ApiError;

/// What the query string says. Unknown parameters are ignored.
#[derive(Clone, Copy, Debug)]
pub struct QueryString<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryString<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::from_request_parts(parts, state).await;
        let Query(query) = query.map_err(|_| ApiError::bad_request("The query string is not valid"))?;
        Ok(Self(query))
    }
}
