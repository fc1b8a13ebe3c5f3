//! What `console` alone asks for and changes, under `/internal`: timers, the schedule in figures, the pause, a rebuild.

mod body;
mod problem;
mod request_layer;
mod schedule;
mod timers;

use std::time::Duration;

use axum::{Json, Router, extract::DefaultBodyLimit, http::StatusCode, middleware::from_fn, routing::get};
use http_common::{InternalToken, read_on};

use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use problem::Problem;
use request_layer::request_layer;

use crate::{rebuild::CheckpointWatch, relay::DueWake, schedule::Schedule};

#[derive(OpenApi)]
#[openapi(info(title = "expiration, for console"), modifiers(&Token))]
struct Document;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", bearer);
    }
}

/// 500 timers with the longest ids take half of it.
const LONGEST_BODY: usize = 128 * 1024;

/// What the handlers work on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Internal {
    schedule: Schedule,
    max_delay: Duration,
    /// A timer that is moved to an earlier instant, or the end of a pause, is seen at once by this worker; the others look
    /// once a second.
    due_wake: DueWake,
    watch: CheckpointWatch,
}

impl Internal {
    /// Of this worker. Nothing is moved further away than `max_delay`.
    pub fn new(schedule: Schedule, max_delay: Duration, due_wake: DueWake, watch: CheckpointWatch) -> Self {
        Self { schedule, max_delay, due_wake, watch }
    }
}

/// The routes, and `GET /internal/openapi.json` with their document, for who has the `token`; without one there are none.
pub fn router(internal: Internal, token: Option<InternalToken>) -> Router {
    let (routes, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(timers::list))
        .routes(routes!(timers::find))
        .routes(routes!(timers::move_timers))
        .routes(routes!(timers::remove))
        .routes(routes!(schedule::state))
        .routes(routes!(schedule::forecast))
        .routes(routes!(schedule::pause))
        .routes(routes!(schedule::resume))
        .routes(routes!(schedule::rebuild))
        .split_for_parts();
    let routes = routes
        .route("/internal/openapi.json", get(async move || Json(document)))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
        })
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .with_state(internal);
    http_common::internal(routes, token).layer(from_fn(request_layer)).layer(from_fn(read_on))
}
