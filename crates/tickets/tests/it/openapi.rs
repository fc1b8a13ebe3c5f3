//! The document that the service serves, against what it really answers.

use std::num::NonZeroU32;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use testkit::openapi::undocumented;

use crate::{
    api::{Server, send},
    world::{World, id, order},
};

const LIST: &str = "/api/tickets";
const ONE: &str = "/api/tickets/{id}";
const DRAFT: &str = r#"{"title":"a","price":1}"#;

/// A method, a path of the document, and a status.
type Answer = (String, String, u16);

/// Keeps what was answered to which operation.
#[derive(Default)]
struct Recorder(Vec<Answer>);

impl Recorder {
    async fn send(&mut self, method: Method, template: &str, request: RequestBuilder, body: &str) {
        let status = send(request, body).await.status().as_u16();
        let answer = (method.to_string(), template.to_owned(), status);
        if !self.0.contains(&answer) {
            self.0.push(answer);
        }
    }
}

#[tokio::test]
async fn every_documented_status_is_answered_and_no_other_is() {
    let postgres = testkit::Postgres::start().await.unwrap();
    let server = Server::with_limit(World::on(&postgres).await, NonZeroU32::new(2)).await;
    let document: Value = server.get("/api/tickets/openapi.json").await.json().await.unwrap();
    let mut recorder = Recorder::default();
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let (_, path) = server.sell("me").await;
    let (held, held_path) = server.sell("me").await;
    server.world.store.reserve(&[order("o", &id(&held))]).await.unwrap();
    let me = |method: &Method, path: &str| server.request("me", method.clone(), path);
    let nobody = |method: &Method, path: &str| server.anonymous(method.clone(), path);
    let cross = |request: RequestBuilder| request.header("sec-fetch-site", "cross-site");
    let (large, nothing) = (" ".repeat(20_000), "/api/tickets/nothing");

    for path in [LIST, "/api/tickets?limit=0"] {
        recorder.send(get.clone(), LIST, nobody(&get, path), "").await;
    }
    for (request, body) in [
        (me(&post, LIST), DRAFT),
        (me(&post, LIST), "{}"),
        (nobody(&post, LIST), DRAFT),
        (me(&post, LIST), &large),
        (cross(me(&post, LIST)), DRAFT),
    ] {
        recorder.send(post.clone(), LIST, request, body).await;
    }
    for path in [&path, nothing] {
        recorder.send(get.clone(), ONE, nobody(&get, path), "").await;
    }
    for (request, body) in [
        (me(&put, &path), DRAFT),
        (me(&put, &path), "{}"),
        (me(&put, &held_path), DRAFT),
        (nobody(&put, &path), DRAFT),
        (me(&put, nothing), DRAFT),
        (me(&put, &path).header("if-match", "\"99\""), DRAFT),
        (me(&put, &path), &large),
        (cross(me(&put, &path)), DRAFT),
    ] {
        recorder.send(put.clone(), ONE, request, body).await;
    }
    for _ in ["the second of the minute", "one too many"] {
        sqlx::query("update edits set minute = date_trunc('minute', now())")
            .execute(&server.world.pool)
            .await
            .unwrap();
        recorder.send(put.clone(), ONE, me(&put, &path), DRAFT).await;
    }
    // What no service of ours would store is a defect.
    sqlx::raw_sql(
        "update tickets set version = -1;
         create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
         create trigger refuse before insert on tickets for each row execute function refuse();",
    )
    .execute(&server.world.pool)
    .await
    .unwrap();
    let all =
        [(&get, LIST, LIST), (&post, LIST, LIST), (&get, ONE, path.as_str()), (&put, ONE, path.as_str())];
    for (method, template, path) in all {
        recorder.send(method.clone(), template, me(method, path), DRAFT).await;
    }
    postgres.stop().await.unwrap();
    for (method, template, path) in all {
        recorder.send(method.clone(), template, me(method, path), DRAFT).await;
    }
    assert_eq!(undocumented(&document, &recorder.0), [""; 0]);
}
