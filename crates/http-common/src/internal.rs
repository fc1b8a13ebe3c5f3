//! What services answer `console` alone: everything under `/internal`, behind a token of its own.

use std::{fmt, sync::Arc};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{StatusCode, header::AUTHORIZATION},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use common::api::{ErrorBody, FieldError};
use process::config::Environment;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// As long as what it is compared by, so that nobody finds it by trying.
const SHORTEST: usize = 32;

/// The token with which `console` asks (`INTERNAL_TOKEN`). Cheap to clone.
#[derive(Clone)]
pub struct InternalToken(Arc<SecretString>);

impl InternalToken {
    /// Reads `INTERNAL_TOKEN`, for a service that answers. Without one nothing under `/internal` is there.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let meaning =
            "with which `console` asks for what is under `/internal`; if it is not set, nothing is there";
        env.optional_secret("INTERNAL_TOKEN", meaning, check).map(|token| Self(Arc::new(token)))
    }

    /// Reads `INTERNAL_TOKEN`, for `console`, which asks.
    pub fn read_required(env: &mut Environment) -> Option<Self> {
        let token = env.required_secret(
            "INTERNAL_TOKEN",
            "with which the other services are asked for what is under their `/internal`; the same in all of them",
            "a long random text, at least 32 characters",
            check,
        );
        token.map(|token| Self(Arc::new(token)))
    }

    /// The value of the header `Authorization` with which to ask.
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.0.expose_secret())
    }

    /// Whether a request has this token. Hashes are compared, so the time that it takes tells nothing.
    fn is_in(&self, request: &Request) -> bool {
        let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        given.is_some_and(|given| Sha256::digest(given) == Sha256::digest(self.authorization()))
    }
}

impl fmt::Debug for InternalToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InternalToken").finish_non_exhaustive()
    }
}

fn check(token: &str) -> Result<(), &'static str> {
    (token.len() >= SHORTEST).then_some(()).ok_or("is too short; expected at least 32 characters")
}

/// `routes` for who has the token: all others get 401, and without a token there are none. Called by each service's `http`.
pub fn internal(routes: Router, token: Option<InternalToken>) -> Router {
    let Some(token) = token else { return Router::new() };
    routes.layer(from_fn_with_state(token, guard))
}

async fn guard(State(token): State<InternalToken>, request: Request, next: Next) -> Response {
    if token.is_in(&request) {
        return next.run(request).await;
    }
    let error = FieldError::whole("Not authorized");
    (StatusCode::UNAUTHORIZED, Json(ErrorBody { errors: vec![error] })).into_response()
}
