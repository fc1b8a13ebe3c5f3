//! Requests of somebody who can do without an answer.

use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::{Client, Method, RequestBuilder, header, redirect::Policy};
use serde_json::Value;

/// How long one waits for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// How the gateway begins to say that it has sent a request to nobody.
const NOT_SENT: &str = "No replica of";

/// Sends requests. Clones share their connections.
#[derive(Clone, Debug)]
pub(super) struct Http(Client);

/// What came of a request.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// It was executed.
    Done(Answer),
    /// It was understood, and nothing was done.
    Refused(u16),
    /// Nobody has it.
    NotSent,
    /// No answer, or one that does not say: it may have been executed, or be executed yet.
    Lost,
}

/// An answer of success.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) body: Value,
    /// The `name=value` of a `Set-Cookie`.
    pub(super) cookie: Option<String>,
}

/// By what one is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pass<'a> {
    Nobody,
    Cookie(&'a str),
    Bearer(&'a str),
}

impl Http {
    pub(super) fn new() -> Result<Self> {
        let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).no_proxy();
        client.build().map(Self).context("make a client of HTTP")
    }

    pub(super) async fn ask(&self, method: Method, url: &str, pass: Pass<'_>, json: Option<&Value>) -> Reply {
        let mut request = self.0.request(method, url);
        request = match pass {
            Pass::Nobody => request,
            Pass::Cookie(cookie) => request.header(header::COOKIE, cookie),
            Pass::Bearer(token) => request.bearer_auth(token),
        };
        if let Some(json) = json {
            request = request.json(json);
        }
        send(request).await.unwrap_or(Reply::Lost)
    }

    /// Sends a form to a page.
    pub(super) async fn submit(&self, url: &str, form: &'static str) {
        let request = self.0.post(url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        // What comes of it is for the provider's books to say.
        let _ = request.body(form).send().await;
    }
}

async fn send(request: RequestBuilder) -> reqwest::Result<Reply> {
    let answer = request.send().await?;
    let status = answer.status();
    let cookie = answer.headers().get(header::SET_COOKIE).and_then(|cookie| cookie.to_str().ok());
    let cookie = cookie.and_then(|cookie| cookie.split(';').next()).map(|pair| pair.trim().to_owned());
    let text = answer.text().await?;
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    Ok(match status.as_u16() {
        200..=299 => Reply::Done(Answer { body, cookie }),
        400..=499 => Reply::Refused(status.as_u16()),
        503 if body["errors"][0]["message"].as_str().is_some_and(|said| said.starts_with(NOT_SENT)) => {
            Reply::NotSent
        }
        _ => Reply::Lost,
    })
}
