//! A server that answers as a test wants, and remembers what it was asked: for what a real console says too seldom.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use tokio::net::TcpListener;

/// What answers a request, from its method, its path with query, and its body.
type Answers = dyn Fn(&Asked) -> (u16, String) + Send + Sync;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

/// The server. It ends with the runtime of the test.
pub(crate) struct StandIn {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Clone)]
struct Shared {
    asked: Arc<Mutex<Vec<Asked>>>,
    answers: Arc<Answers>,
}

impl StandIn {
    /// Answers so.
    pub(crate) async fn start(answers: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::default();
        let shared = Shared { asked: Arc::clone(&asked), answers: Arc::new(answers) };
        let router = Router::new().fallback(answer).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked }
    }

    /// Everything that it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let header =
        |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let asked = Asked {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        authorization: header("authorization").to_owned(),
        body: String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().into()).unwrap(),
    };
    let (status, text) = (shared.answers)(&asked);
    let kind = if asked.path == "/api/live" { "text/event-stream" } else { "application/json" };
    shared.asked.lock().unwrap().push(asked);
    let answer = Response::builder().status(StatusCode::from_u16(status).unwrap()).header(CONTENT_TYPE, kind);
    answer.body(Body::from(text)).unwrap()
}
