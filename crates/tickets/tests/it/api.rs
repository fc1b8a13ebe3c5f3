//! The API on a port of its own, and users who are signed in.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tickets::http::{Api, router};
use web::{Sessions, User};

use crate::world::{World, id};

pub(crate) const KEY: &str = "asdf";

/// One test's tickets behind their API.
pub(crate) struct Server {
    pub(crate) world: World,
    url: String,
    client: Client,
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::over(World::new().await).await
    }

    pub(crate) async fn over(world: World) -> Self {
        let api = Api { store: world.store.clone(), sessions: Sessions::new(KEY.into()) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router(api)).await.unwrap() });
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        Self { world, url, client }
    }

    /// A request of somebody who is not signed in.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
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
    request.header("content-type", "application/json").body(body.to_owned()).send().await.unwrap()
}

/// The cookie of a user who is signed in.
pub(crate) fn session(user: &str) -> String {
    let user = User { id: id(user), email: Some(format!("{user}@example.com")) };
    let cookie = Sessions::new(KEY.into()).open(&user, Duration::from_secs(3_600), true);
    cookie.split(';').next().unwrap().to_owned()
}

/// Holds an answer against its golden file.
pub(crate) async fn check(answer: Response, golden: &str, names: &[(&str, &str)]) {
    let (status, headers) = (answer.status(), answer.headers().clone());
    testkit::golden::check(status, &headers, &answer.text().await.unwrap(), golden, names);
}
