//! The HTTP API that existing clients already use.

mod client;
mod credentials;
mod transport;
mod users;

pub use client::Proxies;

use std::time::Duration;

use axum::{Router, extract::FromRef};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::Sessions;

use crate::accounts::Accounts;

/// What every request has at hand. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Api {
    /// Who may sign in.
    pub accounts: Accounts,
    /// Who is signed in.
    pub sessions: Sessions,
    /// How a browser keeps a session.
    pub cookies: Cookies,
    /// Who is believed about a client's address.
    pub proxies: Proxies,
}

/// How a browser keeps a session.
#[derive(Clone, Copy, Debug)]
pub struct Cookies {
    /// How long a session is good for.
    pub lifetime: Duration,
    /// Only over HTTPS.
    pub secure: bool,
}

impl FromRef<Api> for Sessions {
    fn from_ref(api: &Api) -> Self {
        api.sessions.clone()
    }
}

impl FromRef<Api> for Proxies {
    fn from_ref(api: &Api) -> Self {
        api.proxies
    }
}

/// The API. The server has to be one that tells the peer's address (`into_make_service_with_connect_info`).
pub fn router(api: Api) -> Router {
    into_router(routes(), api)
}

/// The documented routes alone, for a test that puts something of its own around them.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(users::sign_up))
        .routes(routes!(users::sign_in))
        .routes(routes!(users::sign_out))
        .routes(routes!(users::current))
}

/// Routes with their document and what surrounds every request.
pub fn into_router(routes: OpenApiRouter<Api>, api: Api) -> Router {
    web::into_router("Auth", "/api/users", routes, api)
}
