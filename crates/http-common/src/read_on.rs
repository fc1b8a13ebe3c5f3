//! An answer that comes before the request's body was read, as one to somebody who is not signed in.
//!
//! A server that answers and closes with bytes still unread resets the connection, and a proxy in front may throw the
//! answer away and tell its client 502 (RFC 9112 §9.6). So what is left of the body is read first, within bounds.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::header::EXPECT,
    middleware::Next,
    response::Response,
};
use futures_util::future::poll_fn;
use http_body::{Frame, SizeHint};
use tokio::time::timeout;

/// Bytes that are read on. Whoever sends more is cut off.
const MOST: usize = 1024 * 1024;
/// How long that may take.
const LIMIT: Duration = Duration::from_secs(2);

/// A layer around all else that answers a request.
pub async fn read_on(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let asks_first = request.headers().contains_key(EXPECT);
    let (head, body) = request.into_parts();
    let rest = Rest(Arc::new(Mutex::new(State { body, begun: false })));
    let response = next.run(Request::from_parts(head, Body::new(rest.clone()))).await;
    // Who asks first sends nothing after a refusal; reading would tell him to go on.
    if !asks_first || rest.lock().begun {
        // Cut off in time or in size, the connection ends as it would have.
        let _ = timeout(LIMIT, rest.read_out()).await;
    }
    response
}

/// A body that its reader may leave.
#[derive(Clone, Debug)]
struct Rest(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    body: Body,
    /// Somebody has asked for it.
    begun: bool,
}

impl Rest {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut state = self.lock();
        state.begun = true;
        Pin::new(&mut state.body).poll_frame(context)
    }

    async fn read_out(&self) {
        let mut read = 0;
        while let Some(Ok(frame)) = poll_fn(|context| self.poll(context)).await {
            read += frame.data_ref().map_or(0, Bytes::len);
            if read > MOST {
                return;
            }
        }
    }
}

impl HttpBody for Rest {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.poll(context)
    }

    fn is_end_stream(&self) -> bool {
        self.lock().body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().body.size_hint()
    }
}
