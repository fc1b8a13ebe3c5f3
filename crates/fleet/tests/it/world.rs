//! The real platform with its console, and somebody who orders there.

use std::time::Duration;

use async_nats::jetstream;
use platform::{JWT_KEY, OPERATOR_TOKEN, Platform, VIEWER_TOKEN};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use testkit::{eventually, session};

use crate::fleet::{self, Ended};

/// Longer than an event takes to get anywhere on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) platform: Platform,
    client: Client,
}

impl World {
    /// With so much time to pay.
    pub(crate) async fn start(window: Duration) -> Self {
        let platform = Platform::builder().window(window).start().await.unwrap();
        Self { platform, client: Client::builder().no_proxy().build().unwrap() }
    }

    /// Where its console is.
    pub(crate) fn console(&self) -> String {
        self.platform.console_url().unwrap()
    }

    /// Runs `fleet` as the operator.
    pub(crate) async fn fleet(&self, line: &str) -> Ended {
        fleet::run(&self.console(), OPERATOR_TOKEN, line).await
    }

    /// Runs `fleet` as the operator, with this on stdin.
    pub(crate) async fn fleet_with(&self, line: &str, stdin: &str) -> Ended {
        fleet::run_with(&self.console(), OPERATOR_TOKEN, line, stdin).await
    }

    /// Runs `fleet` as somebody who may only look.
    pub(crate) async fn viewer(&self, line: &str) -> Ended {
        fleet::run(&self.console(), VIEWER_TOKEN, line).await
    }

    /// Puts up a ticket and orders it; the answer is the order.
    pub(crate) async fn order(&self) -> String {
        let ticket = self.ask(Method::POST, "/api/tickets", &json!({ "title": "Row 1", "price": 20 })).await;
        let ticket = ticket["id"].as_str().unwrap().to_owned();
        eventually("the ticket can be ordered", SOON, async || {
            let order = self.ask(Method::POST, "/api/orders", &json!({ "ticketId": ticket })).await;
            order["id"].as_str().map(str::to_owned).ok_or_else(|| order.to_string())
        })
        .await
    }

    /// An order of this id, as its buyer sees it.
    pub(crate) async fn status(&self, order: &str) -> String {
        let order = self.ask(Method::GET, &format!("/api/orders/{order}"), &Value::Null).await;
        order["status"].as_str().unwrap_or_default().to_owned()
    }

    /// What no service would tell, as if one had.
    pub(crate) async fn publish(&self, subject: &str, body: &str) {
        let client = async_nats::connect(self.platform.nats().url()).await.unwrap();
        testkit::publish(&jetstream::new(client), subject, body.as_bytes()).await;
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = self.client.request(method, format!("{}{path}", self.platform.url()));
        let request = request.header("cookie", session::of("507f1f77bcf86cd799439011", JWT_KEY));
        let request = if body.is_null() { request } else { request.json(body) };
        request.send().await.unwrap().json().await.unwrap()
    }
}
