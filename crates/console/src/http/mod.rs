//! The HTTP API, and beside it the pages.

mod audit;
mod body;
mod dead_letters;
mod document;
mod guard;
mod operations;
mod orders;
mod payments;
mod query;
mod request_layer;
mod schedule;
mod status;
mod timers;

use axum::{Router, extract::DefaultBodyLimit, http::StatusCode, middleware, routing::any};
use http_common::read_on;
use tower_http::normalize_path::NormalizePath;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, failure::Failure};
use guard::{Guard, guard};
use request_layer::request_layer;

/// The body of an act, most of which is a note.
const LONGEST_BODY: usize = 16 * 1024;
/// A dead letter's body that was edited, which is no longer than what a broker takes by default.
const LONGEST_REPLAY: usize = 2 * 1024 * 1024;
/// A million ids.
const LONGEST_PLAN: usize = 80 * 1024 * 1024;

/// The API with its document, and the pages. A slash behind a path changes nothing.
pub fn router(app: App, pages: Router) -> Router {
    let (routes, document) = documented();
    let operations = document::operations(&document);
    let api = routes
        .route("/api/{*rest}", any(async || not_found()))
        .method_not_allowed_fallback(async || not_allowed())
        .route_layer(middleware::from_fn_with_state(Guard::new(app.clone(), operations), guard))
        .with_state(app);
    let routes = api
        .merge(document::route(document))
        .merge(pages)
        .layer(middleware::from_fn(request_layer))
        .layer(middleware::from_fn(read_on));
    // Around the router, because it is a route's path that has no slash.
    Router::new().fallback_service(NormalizePath::trim_trailing_slash(routes))
}

/// The document of the API.
pub fn openapi() -> OpenApi {
    documented().1
}

fn documented() -> (Router<App>, OpenApi) {
    let plan = OpenApiRouter::new()
        .routes(routes!(operations::list, operations::plan))
        .layer(DefaultBodyLimit::max(LONGEST_PLAN));
    let replay = OpenApiRouter::new()
        .routes(routes!(dead_letters::replay))
        .layer(DefaultBodyLimit::max(LONGEST_REPLAY));
    let routes = OpenApiRouter::new()
        .routes(routes!(status::show))
        .routes(routes!(status::live))
        .routes(routes!(orders::show))
        .routes(routes!(timers::list))
        .routes(routes!(timers::forecast))
        .routes(routes!(timers::fire))
        .routes(routes!(timers::move_one))
        .routes(routes!(timers::cancel))
        .routes(routes!(operations::show))
        .routes(routes!(operations::confirm))
        .routes(routes!(operations::abort))
        .routes(routes!(schedule::show))
        .routes(routes!(schedule::rebuild))
        .routes(routes!(schedule::pause))
        .routes(routes!(schedule::resume))
        .routes(routes!(dead_letters::groups))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::show))
        .routes(routes!(dead_letters::discard))
        .routes(routes!(payments::owed))
        .routes(routes!(payments::settle))
        .routes(routes!(audit::list))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .merge(plan)
        .merge(replay);
    let (routes, mut document) = routes.split_for_parts();
    document::complete(&mut document);
    (routes, document)
}

fn not_found() -> Failure {
    Failure::not_found("Not Found")
}

fn not_allowed() -> Failure {
    Failure::with_status(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
}
