//! The API on a port of its own, and users who are signed in.

use std::num::NonZeroU32;

use http_common::InternalToken;
use process::config::Environment;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
pub(crate) use testkit::golden::check_response as check;
use testkit::{HttpServer, send_json};
use tickets::http::{Api, router};
use web::Sessions;

use crate::world::World;

pub(crate) const KEY: &str = "asdf";

/// With which `console` asks.
pub(crate) const INTERNAL_TOKEN: &str = "a token of more than thirty-two characters";

/// The same, as a service has it.
pub(crate) fn internal_token() -> InternalToken {
    let mut env = Environment::from_pairs([("INTERNAL_TOKEN", INTERNAL_TOKEN)]);
    InternalToken::read(&mut env).expect("the token is long enough")
}

/// One test's tickets behind their API.
pub(crate) struct Server {
    pub(crate) world: World,
    http: HttpServer,
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::over(World::new().await).await
    }

    pub(crate) async fn over(world: World) -> Self {
        Self::with_limit(world, None).await
    }

    /// Over a service that lets a seller make so many changes in a minute.
    pub(crate) async fn with_limit(world: World, most_edits_a_minute: Option<NonZeroU32>) -> Self {
        let sessions = Sessions::new(KEY.into());
        let internal_token = Some(internal_token());
        let api = Api { store: world.store.clone(), sessions, most_edits_a_minute, internal_token };
        Self { world, http: HttpServer::serve(router(api)).await.unwrap() }
    }

    /// A request of somebody who is not signed in.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, path)
    }

    /// A request of `console`, with this JSON text as its body.
    pub(crate) async fn console(&self, method: Method, path: &str, body: &str) -> Response {
        let request =
            self.anonymous(method, path).header("authorization", format!("Bearer {INTERNAL_TOKEN}"));
        send_json(request, body).await.unwrap()
    }

    /// A request of this user.
    pub(crate) fn request(&self, user: &str, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).header("cookie", session(user))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.anonymous(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn post(&self, user: &str, body: &str) -> Response {
        send(self.request(user, Method::POST, "/api/tickets"), body).await
    }

    pub(crate) async fn put(&self, user: &str, path: &str, body: &str) -> Response {
        send(self.request(user, Method::PUT, path), body).await
    }

    /// A new ticket of this user; its id and path.
    pub(crate) async fn sell(&self, user: &str) -> (String, String) {
        let draft = json!({ "title": "Concert, row 7", "price": 19.99 }).to_string();
        let body: Value = self.post(user, &draft).await.json().await.unwrap();
        let ticket = body["id"].as_str().unwrap().to_owned();
        (ticket.clone(), format!("/api/tickets/{ticket}"))
    }
}

pub(crate) async fn send(request: RequestBuilder, body: &str) -> Response {
    send_json(request, body).await.unwrap()
}

/// The cookie of a user who is signed in.
pub(crate) fn session(user: &str) -> String {
    testkit::session::of(user, KEY)
}
