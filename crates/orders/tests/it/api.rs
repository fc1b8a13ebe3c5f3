//! The API on a port of its own, a buyer who is signed in, and golden answers.

use std::num::NonZeroU32;

use orders::http::{Api, router};
use reqwest::{Method, RequestBuilder, Response};
pub(crate) use testkit::golden::check_response as check;
use testkit::{HttpServer, send_json};
use web::Sessions;

use crate::world::{QUARTER, World};

pub(crate) const KEY: &str = "asdf";

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
        let sessions = Sessions::new(KEY.into());
        let api = Api { store: world.store.clone(), sessions, window: QUARTER, most_unpaid };
        Self { world, http: HttpServer::serve(router(api)).await.unwrap() }
    }

    /// A request of somebody who is not signed in.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, path)
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
