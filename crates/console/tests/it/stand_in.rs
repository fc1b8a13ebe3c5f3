//! A service that answers `console` as a test wants, and remembers what it was asked: for what a real one says too seldom.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::to_bytes,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use tokio::net::TcpListener;

/// What answers a request, from its method, its path with query, and its body.
type Answers = dyn Fn(&str, &Value) -> Option<(u16, Value)> + Send + Sync;

/// The service. It ends with the runtime of the test.
pub(crate) struct StandIn {
    pub(crate) url: String,
    posted: Arc<Mutex<Vec<(String, Value)>>>,
}

#[derive(Clone)]
struct Shared {
    posted: Arc<Mutex<Vec<(String, Value)>>>,
    answers: Arc<Answers>,
}

impl StandIn {
    /// Answers so to each `GET /path?query` or `POST /path`; to what it is silent about, 404.
    pub(crate) async fn start(
        answers: impl Fn(&str, &Value) -> Option<(u16, Value)> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let posted = Arc::default();
        let shared = Shared { posted: Arc::clone(&posted), answers: Arc::new(answers) };
        let router = Router::new().fallback(answer).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, posted }
    }

    /// Path and body of everything that was posted, in order.
    pub(crate) fn posted(&self) -> Vec<(String, Value)> {
        self.posted.lock().unwrap().clone()
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let found = (shared.answers)(&format!("{} {}", head.method, head.uri), &body);
    if head.method == "POST" {
        shared.posted.lock().unwrap().push((head.uri.to_string(), body));
    }
    match found {
        Some((status, answer)) => (StatusCode::from_u16(status).unwrap(), Json(answer)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
