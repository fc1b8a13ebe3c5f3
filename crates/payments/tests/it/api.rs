//! The API on a port of its own, and users who are signed in.

use std::time::Duration;

use http_common::InternalToken;
use payments::http::{Api, Patience, router};
use process::config::Environment;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
pub(crate) use testkit::golden::check_response as check;
use testkit::{HttpServer, send_json};
use web::Sessions;

use crate::world::{BUYER, World};

pub(crate) const KEY: &str = "asdf";

/// With which `console` asks.
pub(crate) const INTERNAL_TOKEN: &str = "a token of more than thirty-two characters";

/// The same, as a service has it.
pub(crate) fn internal_token() -> InternalToken {
    let mut env = Environment::from_pairs([("INTERNAL_TOKEN", INTERNAL_TOKEN)]);
    InternalToken::read(&mut env).expect("the token is long enough")
}
pub(crate) const SECRET: &str = "whsec_test";
pub(crate) const PATH: &str = "/api/payments";
pub(crate) const WEBHOOK: &str = "/api/payments/webhook";

/// Shorter than for people, because everything is on one machine.
const PATIENCE: Patience = Patience {
    order: Duration::from_millis(300),
    call: Duration::from_millis(700),
    provider: Duration::from_secs(5),
};

/// One test's payments behind their API.
pub(crate) struct Server {
    pub(crate) world: World,
    http: HttpServer,
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::over(World::new().await).await
    }

    pub(crate) async fn over(world: World) -> Self {
        Self::with(world, "usd", PATIENCE).await
    }

    pub(crate) async fn impatient() -> Self {
        Self::hurried(World::new().await).await
    }

    /// A provider that is away is given up after a moment.
    pub(crate) async fn hurried(world: World) -> Self {
        let call = Duration::from_millis(200);
        let patience = Patience { call, provider: 3 * call, ..PATIENCE };
        Self::with(world, "usd", patience).await
    }

    pub(crate) async fn in_currency(currency: &str) -> Self {
        Self::with(World::new().await, currency, PATIENCE).await
    }

    pub(crate) async fn with(world: World, currency: &str, patience: Patience) -> Self {
        let api = Api {
            store: world.store.clone(),
            cashier: world.cashier.clone(),
            sessions: Sessions::new(KEY.into()),
            webhook_secrets: SECRET.into(),
            currency: currency.parse().unwrap(),
            patience,
            internal_token: Some(internal_token()),
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
        send(self.request(user, Method::POST, PATH), body).await
    }

    /// The buyer pays his order with a card's token, or on a page.
    pub(crate) async fn pay(&self, order: &str, token: Option<&str>) -> Response {
        self.post(BUYER, &payment(order, token)).await
    }

    /// The same, which must succeed; the payment's id, and the address of the page.
    pub(crate) async fn paid(&self, order: &str, token: Option<&str>) -> (String, Option<String>) {
        let answer = self.pay(order, token).await;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(status, 201, "{body}");
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        (text("id").unwrap(), text("url"))
    }

    /// What the buyer sees of his order's payments.
    pub(crate) async fn payments(&self, order: &str) -> Vec<Value> {
        let answer = self.get(BUYER, &format!("{PATH}?orderId={order}")).await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }
}

/// The body of a request to pay.
pub(crate) fn payment(order: &str, token: Option<&str>) -> String {
    match token {
        Some(token) => json!({ "orderId": order, "token": token }).to_string(),
        None => json!({ "orderId": order }).to_string(),
    }
}

pub(crate) async fn send(request: RequestBuilder, body: &str) -> Response {
    send_json(request, body).await.unwrap()
}

/// The cookie of a user who is signed in.
pub(crate) fn session(user: &str) -> String {
    testkit::session::of(user, KEY)
}
