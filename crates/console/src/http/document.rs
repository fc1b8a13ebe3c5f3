//! The document of the API: what the handlers do not say themselves.

use axum::{Json, Router, routing::get};
use common::api::{ErrorBody, FieldError};
use utoipa::{
    PartialSchema as _, ToSchema as _,
    openapi::{
        Content, Info, OpenApi, PathItem, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
        path::Operation,
        request_body::RequestBody,
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

use super::guard::OperationNames;

/// Those that need nobody else, or show what there is without them.
const NEEDS_NOBODY: [&str; 5] =
    ["getStatus", "getOrder", "listOperations", "getOperation", "listDeadLetterGroups"];

/// `GET /api/openapi.json`, for everybody: it says nothing of what is.
pub(super) fn route(document: OpenApi) -> Router {
    Router::new().route("/api/openapi.json", get(async move || Json(document)))
}

/// Adds what all operations have in common: the answers of the layers around them, and how whoever asks is known.
pub(super) fn complete(document: &mut OpenApi) {
    document.info = Info::new("Console", env!("CARGO_PKG_VERSION"));
    let components = document.components.get_or_insert_default();
    components.schemas.insert(ErrorBody::name().into_owned(), ErrorBody::schema());
    components.schemas.insert(FieldError::name().into_owned(), FieldError::schema());
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.security_schemes.insert("token".to_owned(), token.into());
    let may_be_empty = |name: &str| match components.schemas.get(name) {
        Some(RefOr::T(Schema::Object(object))) => object.required.is_empty(),
        _ => false,
    };
    for item in document.paths.paths.values_mut() {
        let PathItem { get, post, .. } = item;
        for (operation, writes) in [(get, false), (post, true)] {
            if let Some(operation) = operation {
                add_common(operation, writes);
                if let Some(RefOr::T(body)) = &mut operation.request_body {
                    let needed = !schema_name(body).is_some_and(may_be_empty);
                    body.required = Some(if needed { Required::True } else { Required::False });
                }
            }
        }
    }
}

/// The names of all operations, by method and path.
pub(super) fn operations(document: &OpenApi) -> OperationNames {
    let of = |path: &String, method: &str, operation: &Option<Operation>| {
        let name = operation.as_ref()?.operation_id.clone()?;
        Some(((method.to_owned(), path.clone()), name))
    };
    let paths = document.paths.paths.iter();
    paths
        .flat_map(|(path, item)| [of(path, "GET", &item.get), of(path, "POST", &item.post)])
        .flatten()
        .collect()
}

fn add_common(operation: &mut Operation, writes: bool) {
    operation.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    let answers = &mut operation.responses.responses;
    answers.insert("401".to_owned(), refusal("Nobody is known to ask."));
    answers.insert("500".to_owned(), refusal("A defect. The reason is in the service's log."));
    let away = "Something that is needed does not answer; the message says what. Nothing is done that can't be written down.";
    if !NEEDS_NOBODY.contains(&operation.operation_id.as_deref().unwrap_or_default()) {
        answers.insert("503".to_owned(), refusal(away));
    }
    if writes {
        let refused =
            "A viewer does not act, nobody does in read-only mode, and no other site in anybody's name.";
        answers.insert("403".to_owned(), refusal(refused));
    }
    if operation.request_body.is_some() {
        answers
            .entry("400".to_owned())
            .or_insert_with(|| refusal("The body is not valid; the field is named."));
        answers.entry("413".to_owned()).or_insert_with(|| refusal("The body is too large."));
    }
}

/// The name of the schema that a body refers to.
fn schema_name(body: &RequestBody) -> Option<&str> {
    let contents = body.content.values().filter_map(|content| match content {
        RefOr::T(content) => content.schema.as_ref(),
        RefOr::Ref(_) => None,
    });
    contents
        .filter_map(|schema| match schema {
            RefOr::Ref(reference) => reference.ref_location.rsplit('/').next(),
            RefOr::T(_) => None,
        })
        .next()
}

fn refusal(what: &str) -> RefOr<Response> {
    let schema = RefOr::Ref(Ref::from_schema_name(ErrorBody::name()));
    let content = Content::new(Some(schema));
    ResponseBuilder::new().description(what).content("application/json", content).build().into()
}
