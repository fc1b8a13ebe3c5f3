//! The HTTP API that existing clients already use.

mod body;
mod error;
mod guard;
mod jwt;
mod orders;
mod session;

pub use error::ApiError;
pub use session::{Sessions, User};

use std::time::Duration;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    middleware,
    routing::get,
};

use crate::store::Store;

/// What every request has at hand. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Api {
    /// The orders.
    pub store: Store,
    /// Who is signed in.
    pub sessions: Sessions,
    /// Time that a new order leaves to pay.
    pub window: Duration,
}

impl FromRef<Api> for Sessions {
    fn from_ref(api: &Api) -> Self {
        api.sessions.clone()
    }
}

/// The routes of the API. Whatever they answer in error, also to a path or a method that is not there, has the body
/// `{"errors": [...]}`.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/api/orders", get(orders::list).post(orders::create))
        .route("/api/orders/{id}", get(orders::show).delete(orders::cancel))
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(body::LONGEST))
        .layer(middleware::from_fn(guard::guard))
        .with_state(api)
}
