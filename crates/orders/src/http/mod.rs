//! The HTTP API that existing clients already use, and what `console` is answered.

mod internal;
mod orders;

use std::{num::NonZeroU32, time::Duration};

use axum::{Router, extract::FromRef};
use http_common::InternalToken;
use outbox::Outbox;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::Sessions;

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
    /// How many unpaid orders a buyer may have. `None` is no limit.
    pub most_unpaid: Option<NonZeroU32>,
    /// How long an order may last in all, if operators give it more time.
    pub extension_limit: Duration,
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
const PREFIX: &str = "/api/orders";

/// The routes of the API, with their document.
pub fn router(api: Api) -> Router {
    let routes = OpenApiRouter::new()
        .routes(routes!(orders::list, orders::create))
        .routes(routes!(orders::show, orders::cancel));
    internal::router(api.clone()).merge(web::into_router("Orders", PREFIX, routes, api))
}
