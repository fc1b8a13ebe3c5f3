//! The query string, parameter by parameter: each wrong one is told by its name.

use std::{collections::HashMap, fmt::Display, str::FromStr};

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::request::Parts,
};
use common::event::Id;

use crate::failure::Failure;

/// The last sequence of a stream: whoever counts in 64 bits with a sign can say it.
const LAST_SEQUENCE: u64 = i64::MAX as u64;

/// What the query string says. Unknown parameters are ignored.
#[derive(Debug, Default)]
pub(super) struct Parameters(HashMap<String, String>);

impl Parameters {
    /// A parameter as it is. An empty one is as if it were not there.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|text| !text.is_empty()).cloned()
    }

    /// A parameter that is read.
    pub(super) fn read<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Failure> {
        let read =
            |text: &String| text.parse().map_err(|error| Failure::field(name, format!("{name}: {error}")));
        self.0.get(name).map(read).transpose()
    }

    /// A sequence of a stream.
    pub(super) fn sequence(&self, name: &str) -> Result<Option<u64>, Failure> {
        let sequence = self.read(name)?;
        if sequence.is_some_and(|sequence| sequence > LAST_SEQUENCE) {
            return Err(Failure::field(name, format!("{name} must be at most {LAST_SEQUENCE}")));
        }
        Ok(sequence)
    }

    /// How many entries are asked for.
    pub(super) fn limit(&self, default: usize) -> Result<usize, Failure> {
        Ok(self.read("limit")?.unwrap_or(default))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let query = Query::from_request_parts(parts, state).await;
        let Query(query) = query.map_err(|_| Failure::bad_request("The query string is not valid"))?;
        Ok(Self(query))
    }
}

/// The one parameter of a path, as it is. What is no text is the name of nothing: 404.
#[derive(Debug)]
pub(super) struct PathText(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(text)| Self(text)).map_err(|_| Failure::not_found("Not Found"))
    }
}

/// The one parameter of a path, an id. What can't be an id is the id of nothing: 404.
#[derive(Debug)]
pub(super) struct PathId(pub(super) Id);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let PathText(id) = PathText::from_request_parts(parts, state).await?;
        id.parse().map(Self).map_err(|error| Failure::not_found(format!("There is no such id: {error}")))
    }
}

/// The one parameter of a path, a sequence. What is none is that of nothing: 404.
#[derive(Debug)]
pub(super) struct PathSequence(pub(super) u64);

impl<S: Send + Sync> FromRequestParts<S> for PathSequence {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<u64>::from_request_parts(parts, state).await;
        path.map(|Path(sequence)| Self(sequence)).map_err(|_| Failure::not_found("There is no such sequence"))
    }
}
