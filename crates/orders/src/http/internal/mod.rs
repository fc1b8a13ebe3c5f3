//! `/internal`: what operators ask and do, through `console` alone.

mod acts;
mod look;
mod payments;
mod sweeper;

use axum::Router;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Api;

/// What `console` is answered.
pub(super) fn router(api: Api) -> Router {
    let routes = OpenApiRouter::new()
        .routes(routes!(look::order))
        .routes(routes!(look::known))
        .routes(routes!(acts::extend))
        .routes(routes!(acts::cancel))
        .routes(routes!(payments::owed))
        .routes(routes!(payments::settle))
        .routes(routes!(sweeper::hold, sweeper::set_hold))
        .merge(outbox::internal_routes());
    let token = api.internal_token.clone();
    web::into_internal_router("Orders, for console", routes, api, token)
}
