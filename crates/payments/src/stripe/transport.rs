//! The way to Stripe and back: one request, within its limit, and what its answer means.

use std::{fmt, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    body::{Body, to_bytes},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT},
    },
};
use http_common::{HttpsClient, Pool, https_client};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use tokio::{sync::Semaphore, time::timeout};
use tracing::debug;

use super::{
    Call, CallError,
    call::count_from_zero,
    error::{ErrorBody, judge},
    form::Form,
};
use crate::config::StripeSettings;

/// How long a call may take, from waiting for its turn to the last byte of its answer.
pub(super) const LONGEST_CALL: Duration = Duration::from_secs(10);
/// Calls at one time. Stripe takes 100 a second of an account, and each takes some 100 ms to a second.
const MOST_CALLS: usize = 64;
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// A proxy between may forget a connection that idles for longer, without a word.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// An object of Stripe's has some KiB.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// In which form Stripe answers, whatever the account's own version is.
const VERSION: HeaderValue = HeaderValue::from_static("2025-09-30.clover");
const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const WHO: HeaderValue = HeaderValue::from_static(concat!("ticketing-payments/", env!("CARGO_PKG_VERSION")));

/// A pool of connections to Stripe. Cheap to clone.
#[derive(Clone)]
pub(super) struct Transport {
    client: HttpsClient,
    base: Arc<str>,
    /// Marked as sensitive: nothing shows it.
    authorization: HeaderValue,
    turns: Arc<Semaphore>,
}

/// Without the key.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Transport {
    pub(super) fn new(settings: &StripeSettings) -> anyhow::Result<Self> {
        count_from_zero();
        let client = https_client(Pool {
            connect_limit: CONNECT_LIMIT,
            idle_limit: IDLE_LIMIT,
            most_idle: MOST_CALLS,
            tls: settings.api_url.is_https(),
        })?;
        let bearer = format!("Bearer {}", settings.secret_key.expose_secret());
        let mut authorization = HeaderValue::try_from(bearer).context("STRIPE_SECRET_KEY is no header")?;
        authorization.set_sensitive(true);
        let turns = Arc::new(Semaphore::new(MOST_CALLS));
        Ok(Self { client, base: settings.api_url.as_str().into(), authorization, turns })
    }

    /// Sends a call and reads its answer, all within `limit`. With a key it may be sent again.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        call: Call,
        method: Method,
        path: &str,
        form: Form,
        key: Option<&str>,
        limit: Duration,
    ) -> Result<T, CallError> {
        let answer = timeout(limit, self.send(method, path, form, key)).await;
        let lost = |reason: String| ("lost", Err(CallError::lost(reason)));
        let (counted, result) = match answer {
            Err(_elapsed) => lost(format!("no answer within {limit:?}")),
            Ok(Err(error)) => lost(format!("no answer: {error:#}")),
            Ok(Ok((status, headers, body))) => read(status, &headers, &body),
        };
        call.count(counted);
        if let Err(error) = &result {
            debug!(call = call.as_str(), key, "{}: {error}", call.as_str());
        }
        result
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        form: Form,
        key: Option<&str>,
    ) -> anyhow::Result<(StatusCode, HeaderMap, Vec<u8>)> {
        let _turn = self.turns.acquire().await.context("wait for a turn")?;
        let (uri, body) = match (form.encode(), &method) {
            (query, &Method::GET) if query.is_empty() => (format!("{}{path}", self.base), Body::empty()),
            (query, &Method::GET) => (format!("{}{path}?{query}", self.base), Body::empty()),
            (form, _) => (format!("{}{path}", self.base), Body::from(form)),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(STRIPE_VERSION, VERSION)
            .header(USER_AGENT, WHO)
            .header(CONTENT_TYPE, FORM);
        if let Some(key) = key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        let answer = self.client.request(request.body(body)?).await?;
        let (head, body) = answer.into_parts();
        let body = to_bytes(Body::new(body), LONGEST_ANSWER).await?;
        Ok((head.status, head.headers, body.into()))
    }
}

/// What an answer means, and what the metrics call it.
fn read<T: DeserializeOwned>(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> (&'static str, Result<T, CallError>) {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if status.is_success() {
        return match serde_json::from_slice(body) {
            Ok(object) => ("ok", Ok(object)),
            Err(error) => {
                let request = text(REQUEST_ID).unwrap_or("without a name");
                let reason = format!("the answer to request {request} can't be read: {error}");
                ("lost", Err(CallError::lost(reason)))
            }
        };
    }
    let replayed = text(IDEMPOTENT_REPLAYED) == Some("true");
    let retry_after = text(RETRY_AFTER).and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
    let body: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    let (counted, error) = judge(status.as_u16(), replayed, retry_after, body);
    (counted, Err(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_common::BaseUrl;

    #[test]
    fn a_client_of_the_real_address_is_made_without_a_provider_of_the_process_and_shows_no_key() {
        let api_url = BaseUrl::parse("https://api.stripe.com").unwrap();
        let settings = StripeSettings { secret_key: "sk_test_s3cret".into(), api_url };
        let transport = Transport::new(&settings).unwrap();
        let shown = format!("{transport:?} {:?} {settings:?}", transport.authorization);
        assert!(shown.contains("api.stripe.com") && !shown.contains("s3cret"), "{shown}");
    }

    fn answered(
        status: u16,
        headers: &[(HeaderName, &'static str)],
        body: &str,
    ) -> (&'static str, Result<serde_json::Value, CallError>) {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        read(StatusCode::from_u16(status).unwrap(), &headers.collect(), body.as_bytes())
    }

    #[test]
    fn an_answer_means_what_its_status_and_headers_say() {
        assert!(matches!(answered(200, &[], "{}"), ("ok", Ok(_))));
        let (counted, half) = answered(200, &[], "{\"id\":");
        assert!(counted == "lost" && matches!(half, Err(CallError::Unknown { .. })), "{half:?}");
        let (_, busy) = answered(429, &[(RETRY_AFTER, "7")], "");
        let wanted = Some(Duration::from_secs(7));
        assert!(
            matches!(busy, Err(CallError::Unknown { retry_after, .. }) if retry_after == wanted),
            "{busy:?}"
        );
        let (counted, kept) = answered(500, &[(IDEMPOTENT_REPLAYED, "true")], "");
        assert!(counted == "spent" && matches!(kept, Err(CallError::Spent(_))), "{kept:?}");
    }
}
