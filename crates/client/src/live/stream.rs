//! The connection of one page: what it is told, and a sign of life when there is nothing to tell. It has no task of its own.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::stream::unfold;
use metrics::counter;
use tokio::time::timeout;

use super::{
    orders,
    places::Place,
    tickets::{self, Updates},
};

/// The kinds of streams, for their counts.
pub(super) const KINDS: [&str; 2] = ["tickets", "orders"];

/// Proxies cut off a connection on which nothing comes; and one whose page is gone is found out.
const HEARTBEAT: Duration = Duration::from_secs(15);
const ALIVE: Bytes = Bytes::from_static(b":\n\n");
/// Sent at once, so that the page knows that it is connected; a browser that loses it comes back after 2 s.
const GREETING: Bytes = Bytes::from_static(b"retry: 2000\n\n");

/// Tells nginx not to wait until there is more to pass on.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What a page is told about.
#[derive(Debug)]
pub(super) enum Source {
    Tickets(Arc<Updates>, tickets::Reader),
    Orders(orders::Reader),
}

#[derive(Debug)]
struct Page {
    source: Source,
    /// Sent before everything else.
    first: Option<Bytes>,
    _place: Place,
}

/// The answer that goes on for as long as the page is open. `news` is what has changed since the page was made.
pub(super) fn open(source: Source, news: Option<Bytes>, place: Place) -> Response {
    let first = news.map_or(GREETING, |news| [GREETING, news].concat().into());
    let page = Page { source, first: Some(first), _place: place };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(unfold(page, next))).into_response()
}

/// What is sent next, and the page that waits for more.
#[expect(
    clippy::manual_async_fn,
    reason = "an `async fn` holds what it is given twice, in each of thousands of pages"
)]
fn next(mut page: Page) -> impl Future<Output = Option<(Result<Bytes, Infallible>, Page)>> {
    async move {
        let text = match page.first.take() {
            Some(first) => first,
            None => page.source.next().await?,
        };
        Some((Ok(text), page))
    }
}

impl Source {
    async fn next(&mut self) -> Option<Bytes> {
        let kind = self.kind();
        let told = match self {
            Self::Tickets(updates, reader) => timeout(HEARTBEAT, reader.next(updates)).await,
            Self::Orders(reader) => timeout(HEARTBEAT, reader.next()).await,
        };
        let Ok(told) = told else { return Some(ALIVE) };
        let (text, is_reset) = told?;
        counter!("live_messages_total", "kind" => kind).increment(1);
        if is_reset {
            counter!("live_resets_total", "kind" => kind).increment(1);
        }
        Some(text)
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Tickets(..) => KINDS[0],
            Self::Orders(_) => KINDS[1],
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use tokio::time::Instant;

    use super::super::places::Places;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_page_is_greeted_at_once_and_hears_a_sign_of_life_when_there_is_nothing_to_tell() {
        let updates = Arc::new(Updates::new());
        let reader = updates.enter(None);
        let (places, begin) = (Places::new(1), Instant::now());
        let place = places.take().unwrap();
        let answer = open(Source::Tickets(Arc::clone(&updates), reader), None, place);
        let mut body = answer.into_body().into_data_stream();
        assert_eq!(body.next().await.unwrap().unwrap(), GREETING);
        assert_eq!(begin.elapsed(), Duration::ZERO);
        for beats in 1..=3 {
            assert_eq!(body.next().await.unwrap().unwrap(), ALIVE);
            assert_eq!(begin.elapsed().as_secs(), 15 * beats);
        }
        assert!(places.take().is_none());
        updates.close();
        assert!(body.next().await.is_none());
        assert!(places.take().is_some(), "the page is gone");
    }

    #[tokio::test]
    async fn what_has_changed_since_the_page_was_made_comes_with_the_greeting() {
        let updates = Arc::new(Updates::new());
        let source = Source::Tickets(Arc::clone(&updates), updates.enter(None));
        let news = Bytes::from_static(b"event: order\ndata: {}\n\n");
        let answer = open(source, Some(news), Places::new(1).take().unwrap());
        let first = answer.into_body().into_data_stream().next().await.unwrap().unwrap();
        assert_eq!(first, "retry: 2000\n\nevent: order\ndata: {}\n\n");
    }
}
