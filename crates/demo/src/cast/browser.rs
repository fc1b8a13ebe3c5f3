//! What a person asks with: HTTP to the one address of the platform.

use std::time::Duration;

use anyhow::{Context, Result};
use axum::{
    body::Body,
    http::{HeaderMap, Request, header},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// Longer than a busy machine with thousands of orders needs.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than a list of all orders of a buyer.
const LONGEST_BODY: usize = 16 * 1024 * 1024;

/// Sends requests to the gateway. Clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    client: Client<HttpConnector, Body>,
    url: String,
}

/// What a service answered, or the gateway in its place.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The `name=value` of a `Set-Cookie`.
    pub(super) cookie: Option<String>,
    pub(super) body: String,
}

impl Browser {
    /// `url` is that of the gateway.
    pub(crate) fn new(url: String) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), url }
    }

    /// An error says nothing about whether the request was executed.
    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        cookie: Option<&str>,
        json: Option<&Value>,
    ) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if json.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = json.map_or_else(Body::empty, |json| Body::from(json.to_string()));
        let request = request.body(body).with_context(|| format!("make the request {method} {path}"))?;
        let answer = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
        answer
            .unwrap_or_else(|_| anyhow::bail!("no answer within {PATIENCE:?}"))
            .with_context(|| format!("{method} {}{path}", self.url))
    }

    /// Sends a form to a page, wherever it is. The answer is its status.
    pub(crate) async fn submit(&self, url: &str, form: &'static str) -> Result<u16> {
        let request = Request::builder()
            .method("POST")
            .uri(url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form))
            .with_context(|| format!("make a form for {url}"))?;
        let answer = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
        let answer = answer.unwrap_or_else(|_| anyhow::bail!("no answer within {PATIENCE:?}"));
        Ok(answer.with_context(|| format!("POST {url}"))?.status)
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Answer> {
        let (head, body) = self.client.request(request).await?.into_parts();
        let body = axum::body::to_bytes(Body::new(body), LONGEST_BODY).await.context("read the body")?;
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer { status: head.status.as_u16(), cookie: cookie(&head.headers), body })
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let pair = headers.get(header::SET_COOKIE)?.to_str().ok()?.split(';').next()?;
    Some(pair.trim().to_owned())
}

impl Answer {
    /// Somebody on the way is down, and it is worth trying again; the request may have been executed all the same.
    pub(crate) fn is_away(&self) -> bool {
        matches!(self.status, 502..=504)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The first message of an answer that refuses.
    pub(crate) fn message(&self) -> String {
        self.json()["errors"][0]["message"].as_str().unwrap_or(&self.body).to_owned()
    }

    /// What `read` finds in an answer with this status.
    pub(super) fn expect<T>(
        &self,
        status: u16,
        what: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T> {
        let found = if self.status == status { read(&self.json()) } else { None };
        found.with_context(|| format!("{what}: expected {status}, not {}: {}", self.status, self.body))
    }
}
