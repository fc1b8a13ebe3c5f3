//! The buyers, each signed in, who speak HTTP to `orders` as a browser does.

use std::time::Duration;

use anyhow::{Context, Result};
use common::event::{Id, Timestamp};
use serde_json::{Value, json};

use super::session;
use crate::{demo::plan::BUYERS, service::http};

/// Longer than a busy machine with thousands of orders needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// All the buyers.
#[derive(Debug)]
pub(in crate::demo) struct Buyers {
    port: u16,
    /// One for each of [`BUYERS`].
    cookies: Vec<String>,
}

/// What `orders` answered.
#[derive(Debug)]
pub(in crate::demo) struct Answer {
    pub(in crate::demo) status: u16,
    pub(in crate::demo) body: String,
}

impl Buyers {
    /// Buyers of the `orders` on this port, whose sessions are signed with this key.
    pub(in crate::demo) fn new(port: u16, key: &str) -> Result<Self> {
        let cookie = |name: &&str| session::cookie(&Id::generate(), &format!("{name}@example.com"), key);
        Ok(Self { port, cookies: BUYERS.iter().map(cookie).collect::<Result<_>>()? })
    }

    /// `POST /api/orders`
    pub(in crate::demo) async fn order(&self, buyer: usize, ticket: &Id) -> Result<Answer> {
        self.send(buyer, "POST", "/api/orders", Some(&json!({ "ticketId": ticket }).to_string())).await
    }

    /// `DELETE /api/orders/{id}`
    pub(in crate::demo) async fn cancel(&self, buyer: usize, order: &Id) -> Result<Answer> {
        self.send(buyer, "DELETE", &format!("/api/orders/{order}"), None).await
    }

    /// The `Cookie` header of this buyer, for whoever wants to go on by hand.
    pub(in crate::demo) fn cookie(&self, buyer: usize) -> &str {
        &self.cookies[buyer]
    }

    async fn send(&self, buyer: usize, method: &str, path: &str, json: Option<&str>) -> Result<Answer> {
        let request = http::Request { method, path, cookie: Some(&self.cookies[buyer]), json };
        let (status, body) = http::send(self.port, request, PATIENCE).await?;
        Ok(Answer { status, body })
    }
}

impl Answer {
    /// The order's id and when it expires, in the answer to a `POST`.
    pub(in crate::demo) fn order(&self) -> Result<(Id, Timestamp)> {
        let read = || {
            let body: Value = serde_json::from_str(&self.body).ok()?;
            let id = body["id"].as_str()?.parse().ok()?;
            Some((id, body["expiresAt"].as_str()?.parse().ok()?))
        };
        read().filter(|_| self.status == 201).with_context(|| {
            format!("POST /api/orders: expected 201 with an order, not {}: {}", self.status, self.body)
        })
    }

    /// The first message of an answer that refuses.
    pub(in crate::demo) fn message(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["errors"][0]["message"].as_str().unwrap_or(&self.body).to_owned()
    }
}
