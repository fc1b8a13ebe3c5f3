//! From documented handlers to the API of a service.

use axum::{Json, Router, extract::DefaultBodyLimit, middleware, routing::get};
use common::api::{ErrorBody, FieldError};
use http_common::read_on;
use metrics::counter;
use tower_http::normalize_path::NormalizePath;
use utoipa::{
    PartialSchema as _, ToSchema as _,
    openapi::{
        Content, Info, OpenApi, PathItem, Ref, RefOr, Response, ResponseBuilder,
        path::Operation,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;

use super::{ApiError, LONGEST_BODY, origin::refuse_cross_site, request_layer::request_layer};

/// The API of a service: its routes, `GET <prefix>/openapi.json` with the document that is generated from them, and
/// around each request its limits, its name in the logs and the refusal of cross-site writes. Whatever is answered in
/// error, also to a path or a method that is not there, has the body `{"errors": [...]}`. A slash behind a path changes nothing,
/// as with Express: some clients send it on every call.
pub fn into_router<S>(title: &str, prefix: &str, routes: OpenApiRouter<S>, state: S) -> Router
where
    S: Clone + Send + Sync + 'static,
{
    let (routes, mut document) = routes.split_for_parts();
    let session = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("session")));
    complete(title, &mut document, ("session", session), |operation, writes| {
        if writes {
            let what = "A page of another origin asked for it.";
            operation.responses.responses.insert("403".to_owned(), refusal(what));
        }
        // One that takes more says so itself.
        add_too_long(operation, "The body is longer than 16 KiB.");
    });
    count_from_zero(&document);
    let routes = routes
        .route(&format!("{prefix}/openapi.json"), get(async move || Json(document)))
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(middleware::from_fn(refuse_cross_site))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn(request_layer))
        .layer(middleware::from_fn(read_on))
        .with_state(state);
    // Around the router, because it is a route's path that has no slash.
    Router::new().fallback_service(NormalizePath::trim_trailing_slash(routes))
}

/// Adds what all operations have in common: the answers of the layers around them, and how a user is known. `add` has what only
/// these operations have; it is told whether one writes.
pub(crate) fn complete(
    title: &str,
    document: &mut OpenApi,
    (scheme_name, scheme): (&str, SecurityScheme),
    add: impl Fn(&mut Operation, bool),
) {
    document.info = Info::new(title, env!("CARGO_PKG_VERSION"));
    let components = document.components.get_or_insert_default();
    components.schemas.insert(ErrorBody::name().into_owned(), ErrorBody::schema());
    components.schemas.insert(FieldError::name().into_owned(), FieldError::schema());
    components.security_schemes.insert(scheme_name.to_owned(), scheme.into());
    for item in document.paths.paths.values_mut() {
        for (operation, writes) in operations(item) {
            let answers = &mut operation.responses.responses;
            answers.insert("500".to_owned(), refusal("A defect. The reason is in the service's log."));
            let away = "The service or its database is not available at the moment: try again.";
            answers.insert("503".to_owned(), refusal(away));
            add(operation, writes);
        }
    }
}

/// Every documented answer is counted from the start.
pub(crate) fn count_from_zero(document: &OpenApi) {
    for (path, item) in &document.paths.paths {
        let PathItem { get, put, post, delete, .. } = item;
        let methods = [("GET", get), ("PUT", put), ("POST", post), ("DELETE", delete)];
        for (method, operation) in methods {
            for status in operation.iter().flat_map(|operation| operation.responses.responses.keys()) {
                let (route, status) = (path.clone(), status.clone());
                counter!("http_requests_total", "method" => method, "route" => route, "status" => status)
                    .increment(0);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    let PathItem { get, put, post, delete, .. } = item;
    let writes =
        [put, post, delete].into_iter().filter_map(Option::as_mut).map(|operation| (operation, true));
    get.as_mut().map(|operation| (operation, false)).into_iter().chain(writes)
}

/// To an operation that takes a body, unless it says itself how long that may be.
pub(crate) fn add_too_long(operation: &mut Operation, what: &str) {
    if operation.request_body.is_some() {
        operation.responses.responses.entry("413".to_owned()).or_insert_with(|| refusal(what));
    }
}

pub(crate) fn refusal(what: &str) -> RefOr<Response> {
    let schema = RefOr::Ref(Ref::from_schema_name(ErrorBody::name()));
    let content = Content::new(Some(schema));
    ResponseBuilder::new().description(what).content("application/json", content).build().into()
}
