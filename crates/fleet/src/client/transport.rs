//! The way to console and back: one request, within its limit, and what its answer means.

use std::{fmt, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    body::{Body, to_bytes},
    http::{
        HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
        header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, USER_AGENT},
    },
};
use chrono::DateTime;
use common::{api::ErrorBody, clock};
use http_common::{HttpsClient, Pool, https_client};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::Answer;
use crate::{
    call::Call,
    exit::{Exit, Failure},
    settings::Settings,
};

/// How long a call may take, to the last byte of its answer: counting a million takes a while.
const LIMIT: Duration = Duration::from_secs(60);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// A page of a thousand with everything in it is far below.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;
const WHO: HeaderValue = HeaderValue::from_static(concat!("fleet/", env!("CARGO_PKG_VERSION")));

/// A pool of connections to console. Cheap to clone.
#[derive(Clone)]
pub(super) struct Transport {
    client: HttpsClient,
    base: Arc<str>,
    /// Marked as sensitive: nothing shows it.
    authorization: HeaderValue,
}

/// Without the token.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Transport {
    pub(super) fn new(settings: &Settings) -> Result<Self, Failure> {
        let tls = settings.console.is_https();
        let pool = Pool { connect_limit: CONNECT_LIMIT, idle_limit: IDLE_LIMIT, most_idle: 2, tls };
        let bearer = format!("Bearer {}", settings.token.expose_secret());
        let mut authorization = HeaderValue::try_from(bearer)
            .map_err(|_| Failure::settings("the token does not fit into a header"))?;
        authorization.set_sensitive(true);
        Ok(Self { client: https_client(pool)?, base: settings.console.as_str().into(), authorization })
    }

    pub(super) fn address(&self) -> &str {
        &self.base
    }

    /// Sends a call and reads its answer, all within the limit.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        call: Call,
        path: String,
        json: Option<String>,
    ) -> Result<Answer<T>, Failure> {
        let answer = async {
            let answer = self.send(call, &path, json).await?;
            let (head, body) = answer.into_parts();
            let body = to_bytes(Body::new(body), LONGEST_ANSWER).await.context("the answer breaks off")?;
            anyhow::Ok((head.status, head.headers, String::from_utf8_lossy(&body).into_owned()))
        };
        let why = match timeout(LIMIT, answer).await {
            Err(_elapsed) => format!("no answer within {} s", LIMIT.as_secs()),
            Ok(Err(error)) => format!("{error:#}"),
            Ok(Ok((status, headers, body))) => return self.read(call, status, &headers, body),
        };
        let mut failure = self.away(&why);
        if call.method() == Method::POST {
            failure.message.push_str("\nwhether anything was done, `fleet audit` says when it is back");
        }
        Err(failure)
    }

    /// Begins an answer that does not end.
    pub(super) async fn stream(&self, call: Call) -> Result<Body, Failure> {
        let answer = match timeout(LIMIT, self.send(call, call.path(), None)).await {
            Err(_elapsed) => return Err(self.away(&format!("no answer within {} s", LIMIT.as_secs()))),
            Ok(Err(error)) => return Err(self.away(&format!("{error:#}"))),
            Ok(Ok(answer)) => answer,
        };
        let (head, body) = answer.into_parts();
        if head.status.is_success() {
            return Ok(body);
        }
        let body = to_bytes(body, LONGEST_ANSWER).await.unwrap_or_default();
        Err(self.refused(head.status, &String::from_utf8_lossy(&body)))
    }

    async fn send(&self, call: Call, path: &str, json: Option<String>) -> anyhow::Result<Response<Body>> {
        let mut request = Request::builder()
            .method(call.method())
            .uri(format!("{}{path}", self.base))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(USER_AGENT, WHO);
        if json.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if call == Call::StreamStatus {
            request = request.header(ACCEPT, "text/event-stream");
        }
        let request = request.body(json.map_or_else(Body::empty, Body::from)).context("the request")?;
        Ok(self.client.request(request).await?.map(Body::new))
    }

    fn read<T: DeserializeOwned>(
        &self,
        call: Call,
        status: StatusCode,
        headers: &HeaderMap,
        body: String,
    ) -> Result<Answer<T>, Failure> {
        if !status.is_success() {
            return Err(self.refused(status, &body));
        }
        // An answer without a body says nothing but that it is done.
        let value = serde_json::from_str(if body.trim().is_empty() { "null" } else { &body });
        let value = value.map_err(|error| {
            let id = call.id();
            Failure::failed(format!(
                "the answer to {id} can't be read, so console may be newer than fleet: {error}"
            ))
        })?;
        Ok(Answer { now_ms: sent_at_ms(headers), value, body })
    }

    fn refused(&self, status: StatusCode, body: &str) -> Failure {
        let refusal: ErrorBody = serde_json::from_str(body).unwrap_or_default();
        let lines: Vec<String> = refusal
            .errors
            .into_iter()
            .map(|error| match error.field {
                Some(field) => format!("{field}: {}", error.message),
                None => error.message.into_owned(),
            })
            .collect();
        let said = if lines.is_empty() { format!("console answers {status}") } else { lines.join("\n") };
        let exit = Exit::of_status(status.as_u16());
        let message = match status {
            StatusCode::UNAUTHORIZED => format!("{said}: the token is not one of {}", self.base),
            _ => said,
        };
        Failure { exit, message, body: Some(body.to_owned()).filter(|body| !body.is_empty()) }
    }

    fn away(&self, why: &str) -> Failure {
        Failure::away(format!("console does not answer at {}: {why}", self.base))
    }
}

/// By console's clock where it says so, else by ours.
fn sent_at_ms(headers: &HeaderMap) -> i64 {
    let date = headers.get(DATE).and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok());
    date.map_or_else(clock::now_ms, |date| date.timestamp_millis())
}
