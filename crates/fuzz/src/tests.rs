//! A service that is wrong in every way is seen to be.

use axum::{
    Json, Router,
    extract::Path,
    http::StatusCode,
    routing::{get, post},
};
use common::Service;
use serde_json::{Value, json};

use super::{
    generated::{self, Known, Sender, Source},
    hostile,
    target::{Request, Target},
};
use crate::session::User;

/// Serves on a free port; the document says that `/api/orders` answers a number and nothing else.
async fn target(api: Router) -> Target {
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Wrong", "version": "0" },
        "paths": { "/api/orders": { "get": { "responses": { "200": {
            "description": "A number.",
            "content": { "application/json": { "schema": { "type": "integer" } } },
        } } } } },
    });
    let api = api.route("/api/orders/openapi.json", get(async move || Json(document)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, api).await });
    Target {
        name: Service::Orders,
        port,
        me: User { id: "u-1".parse().unwrap(), cookie: "session=e30=".to_owned() },
        prefix: "/api/orders",
        good: "/api/orders".to_owned(),
        list: Some("/api/orders"),
        guarded: Request::get("/api/orders"),
        write: Request {
            method: "POST",
            path: "/api/orders".to_owned(),
            body: Some(json!({ "ticketId": "a" })),
        },
        others: vec![Request::get("/api/orders/theirs")],
        known: Vec::new(),
    }
}

async fn generated(api: Router) -> Result<u64, String> {
    let target = target(api).await;
    let source = target.source().await.unwrap();
    generated::run(&source, Sender::User, 5, 1).await.map_err(|error| format!("{error:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_what_the_document_says_are_caught() {
    let right = Router::new().route("/api/orders", get(async || Json(7)));
    let requests = generated(right).await.unwrap();
    assert!(requests > 0);

    let text = Router::new().route("/api/orders", get(async || Json("seven")));
    let error = generated(text).await.unwrap_err();
    assert!(error.contains("Response violates schema"), "{error}");

    let defect = Router::new().route("/api/orders", get(async || StatusCode::INTERNAL_SERVER_ERROR));
    let error = generated(defect).await.unwrap_err();
    assert!(error.contains("Server error"), "{error}");
}

/// Of a service that knows one id, and has a path that it never answers.
async fn knows_one() -> Source {
    let refused = json!({ "description": "There is none." });
    let found = json!({ "description": "It is there." });
    let id = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } });
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Endless", "version": "0" },
        "paths": {
            "/api/orders/{id}": { "get": { "parameters": [id], "responses": { "200": found, "404": refused } } },
            "/api/live": { "get": { "responses": { "200": found } } },
        },
    });
    let order = async |Path(id): Path<String>| {
        if id == "known" { StatusCode::OK } else { StatusCode::NOT_FOUND }
    };
    let live = async || std::future::pending::<StatusCode>().await;
    let api = Router::new().route("/api/orders/{id}", get(order)).route("/api/live", get(live));
    let source = target(api).await.source().await.unwrap();
    Source { document: document.to_string(), endless: &["/api/live"], ..source }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_operation_is_about_is_known_to_it_and_a_path_without_an_end_is_not_asked() {
    let source = knows_one().await;
    let error = format!("{:#}", generated::run(&source, Sender::User, 5, 1).await.unwrap_err());
    assert!(error.contains(r#"no request to ["GET /api/orders/{id}"] was accepted"#), "{error}");

    let known = vec![Known::often("path.id", vec![json!("known")])];
    let source = Source { known_of: [("GET /api/orders/{id}", known)].into(), ..source };
    generated::run(&source, Sender::User, 5, 1).await.unwrap();

    let source = Source { endless: &["/api/lives"], ..source };
    let error = format!("{:#}", generated::run(&source, Sender::User, 5, 1).await.unwrap_err());
    assert!(error.contains("/api/lives"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_takes_everything_is_caught_for_each_hostile_request() {
    let any = async || -> Json<Value> { Json(json!([])) };
    let api = Router::new().route("/api/orders", post(any).fallback(any)).fallback(any);
    let error = hostile::run(&target(api).await).await.unwrap_err().to_string();
    for name in [
        "path with SQL that is always true",
        "query with two limits",
        "body with invalid UTF-8",
        "body in endless chunks",
        "method BREW",
        "a session of the algorithm none",
        "somebody else's",
        "write with Origin: https://evil.example",
    ] {
        assert!(error.contains(name), "{name} is not in:\n{error}");
    }
}
