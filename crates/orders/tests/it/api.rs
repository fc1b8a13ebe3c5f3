//! The API on a port of its own, a buyer who is signed in, and golden answers.

use std::{fmt::Write as _, time::Duration};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, Mac as _};
use orders::http::{Api, router};
use reqwest::{Client, Method, RequestBuilder, Response};
use sha2::Sha256;
use web::Sessions;

use crate::world::{QUARTER, World};

pub(crate) const KEY: &str = "asdf";

/// One test's orders behind their API.
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
        let api = Api { store: world.store.clone(), sessions: Sessions::new(KEY.into()), window: QUARTER };
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

    pub(crate) async fn get(&self, user: &str, path: &str) -> Response {
        self.request(user, Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn post(&self, user: &str, body: &str) -> Response {
        let request = self.request(user, Method::POST, "/api/orders");
        request.header("content-type", "application/json").body(body.to_owned()).send().await.unwrap()
    }

    pub(crate) async fn delete(&self, user: &str, path: &str) -> Response {
        self.request(user, Method::DELETE, path).send().await.unwrap()
    }
}

/// The cookie of a user who is signed in.
pub(crate) fn session(user: &str) -> String {
    session_of(&token(&format!(r#"{{"id":"{user}","email":"{user}@example.com","iat":1700000000}}"#), KEY))
}

pub(crate) fn session_of(token: &str) -> String {
    format!("session={}", STANDARD.encode(format!(r#"{{"jwt":"{token}"}}"#)))
}

/// A token with these claims, as `auth` signs it.
pub(crate) fn token(claims: &str, key: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// Holds an answer against its golden file, in which `<name>` stands for what differs from run to run.
pub(crate) async fn check(answer: Response, golden: &str, names: &[(&str, &str)]) {
    let mut expected = golden.to_owned();
    for (name, value) in names {
        expected = expected.replace(&format!("<{name}>"), value);
    }
    assert_eq!(text(answer).await, expected);
}

async fn text(answer: Response) -> String {
    let status = answer.status();
    let mut text = format!("HTTP/1.1 {} {}\n", status.as_u16(), status.canonical_reason().unwrap());
    for name in ["content-type", "retry-after"] {
        if let Some(value) = answer.headers().get(name) {
            writeln!(text, "{name}: {}", value.to_str().unwrap()).unwrap();
        }
    }
    let body = answer.text().await.unwrap();
    if !body.is_empty() {
        write!(text, "\n{body}\n").unwrap();
    }
    text
}
