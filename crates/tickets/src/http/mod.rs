//! The HTTP API that existing clients already use, and what `console` is answered.

mod draft;
mod internal;
mod tickets;
mod which;

use std::num::NonZeroU32;

use axum::{Router, extract::FromRef};
use http_common::InternalToken;
use outbox::Outbox;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::Sessions;

use crate::store::Store;

/// What every request has at hand. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Api {
    /// The tickets.
    pub store: Store,
    /// Who is signed in.
    pub sessions: Sessions,
    /// How many changes a seller may make in a minute. `None` is no limit.
    pub most_edits_a_minute: Option<NonZeroU32>,
    /// With which `console` asks. `None`: it is answered nothing.
    pub internal_token: Option<InternalToken>,
}

impl FromRef<Api> for Outbox {
    fn from_ref(api: &Api) -> Self {
        api.store.outbox()
    }
}

impl FromRef<Api> for Sessions {
    fn from_ref(api: &Api) -> Self {
        api.sessions.clone()
    }
}

/// Where the API is.
const PREFIX: &str = "/api/tickets";

/// The routes of the API, with their document.
pub fn router(api: Api) -> Router {
    let routes = OpenApiRouter::new()
        .routes(routes!(tickets::list, tickets::create))
        .routes(routes!(tickets::show, tickets::edit));
    internal::router(api.clone()).merge(web::into_router("Tickets", PREFIX, routes, api))
}
