//! The id in the path of a request.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use common::event::Id;

use super::ApiError;

/// The one parameter of a path, an id. What can't be an id is the id of nothing: 404.
#[derive(Debug)]
pub struct PathId(pub Id);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(id) = path.map_err(|_| ApiError::NotFound)?;
        id.parse().map(Self).map_err(|_| ApiError::NotFound)
    }
}
