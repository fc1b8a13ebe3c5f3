//! Whether a browser will send back the cookie that it is given.

use std::sync::Once;

use axum::http::{HeaderMap, header::ORIGIN};
use tracing::warn;

/// One line in the log is enough: every sign-in has it.
static TOLD: Once = Once::new();

/// Says in the log if a cookie that travels over HTTPS only is given to who came without it: the browser drops it, and
/// signing in seems to do nothing.
pub(super) fn warn_of_lost_cookie(headers: &HeaderMap, secure: bool) {
    if secure && is_plain(headers) {
        TOLD.call_once(|| {
            warn!(
                "somebody signed in over plain HTTP, where browsers drop the session's cookie because COOKIE_SECURE is \
                 true: serve the site over HTTPS (a proxy in front says so by X-Forwarded-Proto), or set \
                 COOKIE_SECURE=false on a laptop"
            );
        });
    }
}

/// What the browser itself says counts most, then what the proxy saw; who says neither came straight to this port, which
/// has no HTTPS.
fn is_plain(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    match (text(ORIGIN.as_str()), text("x-forwarded-proto")) {
        (Some(origin), _) if origin.contains("://") => origin.starts_with("http://"),
        (_, Some(seen)) => seen.split(',').next().is_some_and(|first| first.trim() == "http"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_word_counts_before_the_proxys_and_who_says_nothing_came_without_https() {
        for (origin, forwarded, plain) in [
            (None, None, true),
            (Some("http://ticketing.dev"), Some("https"), true),
            (Some("https://ticketing.dev"), Some("http"), false),
            (Some("null"), Some("https"), false),
            (None, Some("https"), false),
            (None, Some("http"), true),
            (None, Some("https, http"), false),
        ] {
            let pairs = [("origin", origin), ("x-forwarded-proto", forwarded)];
            let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
            let headers = pairs
                .map(|(name, value)| (axum::http::HeaderName::from_static(name), value.parse().unwrap()))
                .collect();
            assert_eq!(is_plain(&headers), plain, "{origin:?} {forwarded:?}");
        }
    }
}
