//! The JSON body of a request; what is wrong with it is told by the field's name.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use http_common::read_json;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A body of this type.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
        read_json(&bytes).map(Self).map_err(Problem::from)
    }
}
