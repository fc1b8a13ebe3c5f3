//! The connection of one reader. It has no task of its own.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::{sync::watch, time::timeout};

use super::places::Place;

/// Proxies cut off a connection on which nothing comes; and one whose reader is gone is found out.
const HEARTBEAT: Duration = Duration::from_secs(10);
const ALIVE: Bytes = Bytes::from_static(b":\n\n");
/// A browser that loses the stream comes back after 2 s.
const GREETING: &[u8] = b"retry: 2000\n\n";

/// Tells nginx not to wait until there is more to pass on.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

struct Reader {
    /// Sent before everything else.
    first: Option<Bytes>,
    told: watch::Receiver<Bytes>,
    place: Place,
}

/// The answer that goes on: `first`, and then whatever is told.
pub(super) fn open(first: &[u8], mut told: watch::Receiver<Bytes>, place: Place) -> Response {
    told.mark_unchanged();
    let reader = Reader { first: Some([GREETING, first].concat().into()), told, place };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(unfold(reader, next))).into_response()
}

/// What is sent next, and the reader that waits for more.
async fn next(mut reader: Reader) -> Option<(Result<Bytes, Infallible>, Reader)> {
    let text = match reader.first.take() {
        Some(first) => first,
        None => match timeout(HEARTBEAT, reader.told.changed()).await {
            Err(_quiet) => ALIVE,
            Ok(Err(_gone)) => return None,
            Ok(Ok(())) => reader.told.borrow_and_update().clone(),
        },
    };
    (!reader.place.is_closed()).then_some((Ok(text), reader))
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use tokio::time::Instant;

    use super::super::places::Places;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_reader_has_the_status_at_once_then_what_changes_and_else_a_sign_of_life() {
        let (sender, places, begun) = (watch::Sender::new(Bytes::new()), Places::new(1), Instant::now());
        let answer = open(b"one", sender.subscribe(), places.take().unwrap());
        let mut body = answer.into_body().into_data_stream();
        assert_eq!(body.next().await.unwrap().unwrap(), "retry: 2000\n\none");
        sender.send_replace(Bytes::from_static(b"two"));
        assert_eq!(body.next().await.unwrap().unwrap(), "two");
        assert_eq!(begun.elapsed(), Duration::ZERO);
        assert_eq!(body.next().await.unwrap().unwrap(), ALIVE);
        assert_eq!(begun.elapsed(), HEARTBEAT);
        places.close();
        sender.send_replace(Bytes::new());
        assert!(body.next().await.is_none());
        drop(body);
        assert!(places.is_empty());
    }
}
