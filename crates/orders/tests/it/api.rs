//! The API on a port of its own, a buyer who is signed in, and golden answers.

use std::{num::NonZeroU32, time::Duration};

use http_common::InternalToken;
use orders::http::{Api, router};
use process::config::Environment;
use reqwest::{Method, RequestBuilder, Response};
pub(crate) use testkit::golden::check_response as check;
use testkit::{HttpServer, send_json};
use web::Sessions;

use crate::world::{QUARTER, World};

pub(crate) const KEY: &str = "asdf";

/// How long an order may last in all.
pub(crate) const LIMIT: Duration = Duration::from_secs(60 * 60);

/// With which `console` asks.
pub(crate) const INTERNAL_TOKEN: &str = "a token of more than thirty-two characters";

/// The same, as a service has it.
pub(crate) fn internal_token() -> InternalToken {
    let mut env = Environment::from_pairs([("INTERNAL_TOKEN", INTERNAL_TOKEN)]);
    InternalToken::read(&mut env).expect("the token is long enough")
}

/// One test's orders behind their API.
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

    /// Over a service that lets a buyer have so many unpaid orders.
    pub(crate) async fn with_limit(world: World, most_unpaid: Option<NonZeroU32>) -> Self {
        Self::with(world, most_unpaid, Some(internal_token())).await
    }

    /// Over a service that answers `console` nothing.
    pub(crate) async fn without_console() -> Self {
        Self::with(World::new().await, None, None).await
    }

    async fn with(
        world: World,
        most_unpaid: Option<NonZeroU32>,
        internal_token: Option<InternalToken>,
    ) -> Self {
        let api = Api {
            store: world.store.clone(),
            sessions: Sessions::new(KEY.into()),
            window: QUARTER,
            most_unpaid,
            extension_limit: LIMIT,
            internal_token,
        };
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

    pub(crate) async fn get(&self, user: &str, path: &str) -> Response {
        self.request(user, Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn post(&self, user: &str, body: &str) -> Response {
        send_json(self.request(user, Method::POST, "/api/orders"), body).await.unwrap()
    }

    pub(crate) async fn delete(&self, user: &str, path: &str) -> Response {
        self.request(user, Method::DELETE, path).send().await.unwrap()
    }
}

/// The cookie of a user who is signed in.
pub(crate) fn session(user: &str) -> String {
    testkit::session::of(user, KEY)
}
