//! The document that the service serves, against what it really answers.

use auth::http::routes;
use axum::{
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use testkit::{
    Postgres,
    openapi::{Answer, undocumented},
};

use crate::api::{CURRENT, PASSWORD, SIGN_IN, SIGN_OUT, SIGN_UP, Server, credentials};

const ANN: &str = "ann@example.com";

/// Keeps what was answered to which operation.
#[derive(Default)]
struct Recorder(Vec<Answer>);

impl Recorder {
    async fn post(&mut self, server: &Server, path: &str, body: String) {
        let request = server.request(Method::POST, path).header("x-forwarded-for", "192.0.2.1");
        self.send(path, request.body(body)).await;
    }

    /// One of the two operations that have no body.
    async fn ask(&mut self, server: &Server, path: &str) {
        let method = if path == CURRENT { Method::GET } else { Method::POST };
        self.send(path, server.request(method, path)).await;
    }

    async fn send(&mut self, path: &str, request: RequestBuilder) {
        let request = request.header("content-type", "application/json").build().unwrap();
        let method = request.method().to_string();
        let status = reqwest::Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .execute(request)
            .await
            .unwrap()
            .status()
            .as_u16();
        self.0.push((method, path.to_owned(), status));
    }
}

async fn panics(_request: Request, _next: Next) -> Response {
    panic!("on purpose")
}

async fn hangs(_request: Request, _next: Next) -> Response {
    std::future::pending().await
}

#[tokio::test]
async fn every_documented_status_is_answered_once_and_nothing_else_is() {
    let postgres = Postgres::start().await.unwrap();
    let server = Server::on(&postgres).await;
    // Two operations ask nobody, so nothing else makes them fail.
    let panicking = server.replica_of(routes().layer(from_fn(panics))).await;
    let hanging = server.replica_of(routes().layer(from_fn(hangs))).await;
    let document: Value = document(&server).await.parse().unwrap();
    let mut recorder = Recorder::default();
    let ann = credentials(ANN, PASSWORD);
    for path in [SIGN_UP, SIGN_IN] {
        recorder.post(&server, path, ann.clone()).await;
        recorder.post(&server, path, "{}".to_owned()).await;
        recorder.post(&server, path, "x".repeat(20_000)).await;
    }
    for path in [CURRENT, SIGN_OUT] {
        recorder.ask(&server, path).await;
    }
    for path in [SIGN_UP, SIGN_IN, SIGN_OUT] {
        let request = server.request(Method::POST, path).header("sec-fetch-site", "cross-site");
        recorder.send(path, request.body(ann.clone())).await;
    }
    server.sql("update attempts set failures = 500, since = now() where key = 'address:192.0.2.1'").await;
    for path in [SIGN_UP, SIGN_IN] {
        recorder.post(&server, path, ann.clone()).await;
    }
    // What no service of ours would store is a defect.
    server.sql("delete from attempts; update users set id = 'a b'").await;
    for path in [SIGN_UP, SIGN_IN] {
        recorder.post(&server, path, ann.clone()).await;
    }
    postgres.stop().await.unwrap();
    for path in [SIGN_UP, SIGN_IN] {
        recorder.post(&server, path, ann.clone()).await;
    }
    for path in [CURRENT, SIGN_OUT] {
        recorder.ask(&panicking, path).await;
    }
    tokio::time::pause();
    for path in [CURRENT, SIGN_OUT] {
        recorder.ask(&hanging, path).await;
    }
    assert_eq!(undocumented(&document, &recorder.0), [""; 0]);
}

#[tokio::test]
async fn the_document_says_what_an_account_may_be_and_has_every_schema_that_it_uses() {
    let server = Server::new().await;
    let text = document(&server).await;
    let document: Value = text.parse().unwrap();
    assert_eq!(document["info"]["title"], "Auth");
    let schemas = &document["components"]["schemas"];
    let password = &schemas["NewAccount"]["properties"]["password"];
    assert_eq!((&password["minLength"], &password["maxLength"]), (&Value::from(4), &Value::from(128)));
    assert_eq!(schemas["NewAccount"]["properties"]["email"]["format"], "email");
    assert_eq!(schemas["User"]["required"], serde_json::json!(["id"]));
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas[name].is_object(), "{name} is not there");
    }
}

async fn document(server: &Server) -> String {
    let answer = server.request(Method::GET, "/api/users/openapi.json").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}
