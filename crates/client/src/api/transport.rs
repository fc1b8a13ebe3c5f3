//! The way to a service and back: one request, within its limit.

use std::{fmt, time::Duration};

use anyhow::Context as _;
use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
};
use bytes::Bytes;
use common::Service;
use http_common::{HttpsClient, Pool, https_client};
use metrics::{counter, histogram};
use tokio::time::{Instant, timeout};
use tracing::debug;

use super::Failure;

/// How long a call may take, from its connection to the last byte of its answer: a person waits for it.
const LIMIT: Duration = Duration::from_secs(5);
/// To begin a payment, `payments` asks the provider, and answers within its own limit.
const PAYMENT_LIMIT: Duration = Duration::from_secs(10);
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// Less than the services keep an idle connection.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// Idle connections kept to each service.
const MOST_IDLE: usize = 128;
/// A page of a hundred tickets, each with the longest title that an older release took.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Those with an API that pages call.
const CALLED: [Service; 4] = [Service::Auth, Service::Tickets, Service::Orders, Service::Payments];
/// How a call can end: with an answer, with one of the server's failure, with none.
const RESULTS: [&str; 3] = ["answered", "failed", "lost"];

/// A pool of connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Transport(HttpsClient);

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

/// What an API answered, whether it is an error or not.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Transport {
    /// Reads the certificates that the system trusts only if `tls` is needed.
    pub(super) fn new(tls: bool) -> anyhow::Result<Self> {
        for (service, result) in
            CALLED.into_iter().flat_map(|service| RESULTS.map(|result| (service, result)))
        {
            counter!("api_calls_total", "service" => service.as_str(), "result" => result).increment(0);
        }
        let pool = Pool { connect_limit: CONNECT_LIMIT, idle_limit: IDLE_LIMIT, most_idle: MOST_IDLE, tls };
        Ok(Self(https_client(pool)?))
    }

    /// Sends a call and reads its answer, all within its limit.
    pub(super) async fn call(
        &self,
        service: Service,
        method: Method,
        url: String,
        headers: HeaderMap,
        json: Option<String>,
    ) -> Result<Answer, Failure> {
        let limit = match (service, &method) {
            (Service::Payments, &Method::POST) => PAYMENT_LIMIT,
            _ => LIMIT,
        };
        let started = Instant::now();
        let answer = match timeout(limit, self.send(&method, &url, headers, json)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Failure::away(service, &format!("{error:#}"))),
            Err(_elapsed) => Err(Failure::away(service, &format!("no answer within {limit:?}"))),
        };
        histogram!("api_call_seconds", "service" => service.as_str()).record(started.elapsed().as_secs_f64());
        let counted = match &answer {
            Ok(answer) if answer.status.is_server_error() => "failed",
            Ok(_) => "answered",
            Err(_) => "lost",
        };
        counter!("api_calls_total", "service" => service.as_str(), "result" => counted).increment(1);
        if let Err(failure) = &answer {
            debug!("{method} {url}: {failure}");
        }
        answer
    }

    async fn send(
        &self,
        method: &Method,
        url: &str,
        headers: HeaderMap,
        json: Option<String>,
    ) -> anyhow::Result<Answer> {
        let mut request = Request::builder().method(method).uri(url);
        if let Some(all) = request.headers_mut() {
            *all = headers;
            if json.is_some() {
                all.insert(header::CONTENT_TYPE, JSON);
            }
        }
        let body = json.map_or_else(Body::empty, Body::from);
        let answer = self.0.request(request.body(body).context("the request")?).await?;
        let (head, body) = answer.into_parts();
        let body = to_bytes(Body::new(body), LONGEST_ANSWER).await.context("the answer")?;
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}
