//! From documented handlers to what a service answers `console` alone, under `/internal`.

use axum::{Extension, Json, Router, extract::DefaultBodyLimit, middleware, routing::get};
use http_common::{InternalToken, internal, read_on};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

use super::{
    ApiError,
    api::{add_too_long, complete, count_from_zero, refusal},
    body::{BodyLimit, LONGEST_INTERNAL_BODY},
    request_layer::request_layer,
};

/// What a service answers under `/internal`, to be merged with its API: its routes, `GET /internal/openapi.json` with their
/// document, and around each request what [`into_router`](super::into_router) has around those of everybody; but for the token
/// instead of a session. Without a token there are none, and the API says that there is no such path.
pub fn into_internal_router<S>(
    title: &str,
    routes: OpenApiRouter<S>,
    state: S,
    token: Option<InternalToken>,
) -> Router
where
    S: Clone + Send + Sync + 'static,
{
    if token.is_none() {
        return Router::new();
    }
    let (routes, mut document) = routes.split_for_parts();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    complete(title, &mut document, ("token", bearer), |operation, _| {
        operation
            .responses
            .responses
            .insert("401".to_owned(), refusal("The token is not there, or another."));
        add_too_long(operation, "The body is longer than 128 KiB.");
    });
    count_from_zero(&document);
    let routes = routes
        .route("/internal/openapi.json", get(async move || Json(document)))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(LONGEST_INTERNAL_BODY))
        .layer(Extension(BodyLimit(LONGEST_INTERNAL_BODY)))
        .with_state(state);
    internal(routes, token).layer(middleware::from_fn(request_layer)).layer(middleware::from_fn(read_on))
}
