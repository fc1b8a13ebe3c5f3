//! An endpoint that webhooks are sent to.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::Value;
use testkit::eventually;

use crate::shop::LIMIT;

pub(crate) const SECRET: &str = "whsec_the_first";

/// One delivery, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) signature: String,
    pub(crate) body: String,
    pub(crate) at: std::time::Instant,
}

impl Got {
    pub(crate) fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn kind(&self) -> String {
        self.event()["type"].as_str().unwrap().to_owned()
    }
}

#[derive(Default)]
struct Shared {
    got: Mutex<Vec<Got>>,
    refusals: Mutex<VecDeque<StatusCode>>,
}

/// A server that keeps what it gets.
pub(crate) struct Receiver {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

impl Receiver {
    pub(crate) async fn listen() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let routes = Router::new().route("/webhook", post(take)).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, shared }
    }

    /// Answers the next deliveries so, instead of with 200.
    pub(crate) fn refuse(&self, times: usize) {
        let refusals = std::iter::repeat_n(StatusCode::SERVICE_UNAVAILABLE, times);
        self.shared.refusals.lock().unwrap().extend(refusals);
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.shared.got.lock().unwrap().clone()
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        self.got().iter().map(Got::kind).collect()
    }

    /// Waits for so many deliveries.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Got> {
        eventually("deliveries", LIMIT, async || match self.got() {
            got if got.len() >= count => Ok(got),
            got => Err(format!("{} of {count}", got.len())),
        })
        .await
    }
}

/// Waits until nothing is to be delivered any more.
pub(crate) async fn settled(stripe: &stripe_stand_in::StandIn) {
    eventually("nothing is pending", LIMIT, async || match stripe.pending_webhooks() {
        0 => Ok(()),
        pending => Err(format!("{pending} deliveries")),
    })
    .await;
}

/// Short enough for a test that waits for it.
pub(crate) const SOON: Duration = Duration::from_millis(300);

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
    let body = String::from_utf8(body.to_vec()).unwrap();
    shared.got.lock().unwrap().push(Got { signature, body, at: std::time::Instant::now() });
    shared.refusals.lock().unwrap().pop_front().unwrap_or(StatusCode::OK)
}
