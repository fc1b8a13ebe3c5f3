//! The document that the service serves, against what it really answers.

use std::num::NonZeroU32;

use reqwest::{Method, Response};
use serde_json::Value;
use testkit::openapi::undocumented;

use crate::{
    api::Server,
    world::{QUARTER, World, payment},
};

/// A method, a path of the document, and a status.
type Answer = (String, String, u16);

/// Sends requests, and keeps what was answered to which operation.
struct Recorder<'a> {
    server: &'a Server,
    answered: Vec<Answer>,
}

impl Recorder<'_> {
    async fn send(&mut self, template: &str, method: Method, path: &str, user: Option<&str>, body: &str) {
        self.send_with(template, method, path, user, body, &[]).await;
    }

    async fn send_with(
        &mut self,
        template: &str,
        method: Method,
        path: &str,
        user: Option<&str>,
        body: &str,
        headers: &[(&str, &str)],
    ) {
        let mut request = match user {
            Some(user) => self.server.request(user, method.clone(), path),
            None => self.server.anonymous(method.clone(), path),
        };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header("content-type", "application/json").body(body.to_owned());
        let answer: Response = request.send().await.unwrap();
        let key = (method.to_string(), template.to_owned(), answer.status().as_u16());
        if !self.answered.contains(&key) {
            self.answered.push(key);
        }
    }
}

const LIST: &str = "/api/orders";
const ONE: &str = "/api/orders/{id}";

#[tokio::test]
async fn every_documented_status_is_answered_and_no_other_is() {
    let postgres = testkit::Postgres::start().await.unwrap();
    let server = Server::with_limit(World::on(&postgres).await, NonZeroU32::new(2)).await;
    let document: Value =
        server.anonymous(Method::GET, "/api/orders/openapi.json").send().await.unwrap().json().await.unwrap();
    let mut to = Recorder { server: &server, answered: Vec::new() };
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);

    let ticket = server.world.ticket().await;
    let order = format!(r#"{{"ticketId":"{ticket}"}}"#);
    let (mine, theirs) = (server.world.order(QUARTER).await, server.world.order(QUARTER).await);
    let me = mine.user_id.as_str();
    let cross = [("sec-fetch-site", "cross-site")];
    let (my_path, their_path) = (format!("{LIST}/{}", mine.id), format!("{LIST}/{}", theirs.id));

    for (path, user) in [(LIST, Some(me)), (LIST, None), ("/api/orders?limit=x", Some(me))] {
        to.send(LIST, get.clone(), path, user, "").await;
    }
    for (user, body) in
        [(Some(me), order.as_str()), (Some(me), &order), (Some("u-2"), &order), (None, &order)]
    {
        to.send(LIST, post.clone(), LIST, user, body).await;
    }
    to.send(LIST, post.clone(), LIST, Some(me), r#"{"ticketId":"nothing"}"#).await;
    let third = format!(r#"{{"ticketId":"{}"}}"#, server.world.ticket().await);
    to.send(LIST, post.clone(), LIST, Some(me), &third).await;
    to.send(LIST, post.clone(), LIST, Some(me), &" ".repeat(20_000)).await;
    to.send_with(LIST, post.clone(), LIST, Some(me), &order, &cross).await;
    for method in [&get, &delete] {
        for (path, user) in [(&my_path, None), (&their_path, Some(me)), (&my_path, Some(me))] {
            to.send(ONE, method.clone(), path, user, "").await;
        }
        to.send(ONE, method.clone(), "/api/orders/nothing", Some(me), "").await;
    }
    to.send_with(ONE, delete.clone(), &my_path, Some(me), "", &cross).await;
    server.world.store.pay(&[&payment(&theirs.id)]).await.unwrap();
    to.send(ONE, delete.clone(), &their_path, Some(theirs.user_id.as_str()), "").await;

    // What no service of ours would store is a defect.
    let free = server.world.ticket().await;
    sqlx::raw_sql(
        "update tickets set version = -1; update orders set ticket_version = -1;
         update orders set payment_id = 'a b' where status = 'complete'",
    )
    .execute(&server.world.pool)
    .await
    .unwrap();
    to.send(LIST, get.clone(), LIST, Some(theirs.user_id.as_str()), "").await;
    to.send(LIST, post.clone(), LIST, Some("u-3"), &format!(r#"{{"ticketId":"{free}"}}"#)).await;
    to.send(ONE, get.clone(), &their_path, Some(theirs.user_id.as_str()), "").await;
    to.send(ONE, delete.clone(), &their_path, Some(theirs.user_id.as_str()), "").await;

    postgres.stop().await.unwrap();
    for (template, method, path) in [
        (LIST, &get, LIST),
        (LIST, &post, LIST),
        (ONE, &get, my_path.as_str()),
        (ONE, &delete, my_path.as_str()),
    ] {
        to.send(template, method.clone(), path, Some(me), &order).await;
    }
    assert_eq!(undocumented(&document, &to.answered), [""; 0]);
}

#[tokio::test]
async fn the_document_names_the_session_and_every_schema_that_it_uses() {
    let server = Server::new().await;
    let text =
        server.anonymous(Method::GET, "/api/orders/openapi.json").send().await.unwrap().text().await.unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["components"]["securitySchemes"]["session"]["in"], "cookie");
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name} is not there");
    }
}
