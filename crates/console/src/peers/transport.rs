//! The way to one process and back: one request, within its limit.

use std::{fmt, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    body::{Body, to_bytes},
    http::{HeaderValue, Method, Request, StatusCode, header},
};
use bytes::Bytes;
use common::{Service, internal::About};
use http_common::{HttpsClient, InternalToken, Pool, https_client};
use metrics::{counter, histogram};
use tokio::time::{Instant, timeout};
use tracing::debug;

use super::addresses::Address;

const CONNECT_LIMIT: Duration = Duration::from_secs(1);
/// Less than the services keep an idle connection.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// Idle connections kept to each process.
const MOST_IDLE: usize = 32;
/// A page of a thousand timers, and a thousand ids, are far below.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A pool of connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Transport {
    client: HttpsClient,
    authorization: Arc<HeaderValue>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

/// What was answered, whether it is an error or not.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// Why there is no answer.
pub(super) struct Lost {
    pub(super) reason: String,
    /// The process never had the question.
    pub(super) unsent: bool,
}

impl Transport {
    pub(super) fn new(tls: bool, token: &InternalToken) -> anyhow::Result<Self> {
        let pool = Pool { connect_limit: CONNECT_LIMIT, idle_limit: IDLE_LIMIT, most_idle: MOST_IDLE, tls };
        let mut authorization =
            HeaderValue::try_from(token.authorization()).context("INTERNAL_TOKEN as a header")?;
        authorization.set_sensitive(true);
        Ok(Self { client: https_client(pool)?, authorization: Arc::new(authorization) })
    }

    /// Asks one process.
    pub(super) async fn call(
        &self,
        service: Service,
        address: &Address,
        method: &Method,
        path: &str,
        json: Option<&Bytes>,
        limit: Duration,
    ) -> Result<Answer, Lost> {
        let started = Instant::now();
        let mut request = Request::builder().method(method).uri(format!("{}{path}", address.base));
        if let Some(headers) = request.headers_mut() {
            headers.insert(header::AUTHORIZATION, HeaderValue::clone(&self.authorization));
            if json.is_some() {
                headers.insert(header::CONTENT_TYPE, JSON);
            }
        }
        let answer = self.send(request, json.cloned(), limit).await;
        histogram!("peer_call_seconds", "service" => service.as_str())
            .record(started.elapsed().as_secs_f64());
        let result = match &answer {
            Ok(answer) if answer.status.is_server_error() => "failed",
            Ok(_) => "answered",
            Err(_) => "lost",
        };
        counter!("peer_calls_total", "service" => service.as_str(), "result" => result).increment(1);
        if let Err(lost) = &answer {
            debug!("{method} {path} of {service} at {}: {}", address.base, lost.reason);
        }
        answer
    }

    /// What a process says of itself, for which it needs no token.
    pub(super) async fn about(&self, service: Service, address: &Address, limit: Duration) -> Option<About> {
        let request = Request::builder().method(Method::GET).uri(format!("{}/aboutz", address.base));
        let answer =
            self.send(request, None, limit).await.ok().filter(|answer| answer.status.is_success())?;
        let about = serde_json::from_slice(&answer.body);
        about.inspect_err(|error| debug!("{service} at {}: /aboutz: {error}", address.base)).ok()
    }

    async fn send(
        &self,
        request: axum::http::request::Builder,
        json: Option<Bytes>,
        limit: Duration,
    ) -> Result<Answer, Lost> {
        let lost = |reason: String, unsent| Lost { reason, unsent };
        let request = request.body(json.map_or_else(Body::empty, Body::from));
        let request = request.map_err(|error| lost(error.to_string(), true))?;
        let exchange = async {
            let answer = self.client.request(request).await.map_err(|error| {
                let unsent = error.is_connect();
                lost(format!("{:#}", anyhow::Error::new(error)), unsent)
            })?;
            let (head, body) = answer.into_parts();
            let body = to_bytes(Body::new(body), LONGEST_ANSWER).await;
            let body = body.map_err(|error| lost(format!("half an answer: {error}"), false))?;
            Ok(Answer { status: head.status, body })
        };
        let late = |_| lost(format!("no answer within {limit:?}"), false);
        timeout(limit, exchange).await.map_err(late)?
    }
}
