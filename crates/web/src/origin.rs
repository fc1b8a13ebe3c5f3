//! Writes that a page of another origin sends with the user's cookie are refused. There is no CORS: nothing here ever
//! allows another origin.
//!
//! Source: the algorithm of Go's `net/http.CrossOriginProtection`. `Sec-Fetch-Site` is set by every current browser
//! and by no page; older ones send `Origin`; who sends neither is no browser, and no browser's cookie is at stake.

use axum::{
    extract::Request,
    http::{
        HeaderMap, Uri,
        header::{HOST, ORIGIN},
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::ApiError;

pub(crate) async fn refuse_cross_site(request: Request, next: Next) -> Response {
    if !request.method().is_safe() && is_cross_site(request.headers(), request.uri()) {
        return ApiError::CrossSite.into_response();
    }
    next.run(request).await
}

fn is_cross_site(headers: &HeaderMap, uri: &Uri) -> bool {
    let text =
        |value: Option<&axum::http::HeaderValue>| value.map(|value| value.to_str().unwrap_or("?").to_owned());
    match text(headers.get("sec-fetch-site")).as_deref() {
        Some("same-origin" | "none") => return false,
        Some(_) => return true,
        None => {}
    }
    let Some(origin) = text(headers.get(ORIGIN)) else { return false };
    let host = uri.authority().map(ToString::to_string).or_else(|| text(headers.get(HOST)));
    // `null`, as sandboxed pages send it, is no host.
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    origin_host.is_none() || origin_host != host.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cross_site(headers: &[(&'static str, &str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (axum::http::HeaderName::from_static(name), value.parse().unwrap()));
        is_cross_site(&headers.collect(), &Uri::from_static("/api/orders"))
    }

    #[test]
    fn only_the_same_origin_and_what_is_no_browser_may_write() {
        assert!(!cross_site(&[("host", "ticketing.dev")]));
        assert!(!cross_site(&[("sec-fetch-site", "same-origin"), ("origin", "https://a"), ("host", "b")]));
        assert!(!cross_site(&[("sec-fetch-site", "none")]));
        assert!(!cross_site(&[("origin", "https://ticketing.dev"), ("host", "ticketing.dev")]));
        assert!(!cross_site(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        for site in ["cross-site", "same-site", "?"] {
            assert!(cross_site(&[("sec-fetch-site", site), ("host", "ticketing.dev")]), "{site}");
        }
        for origin in ["null", "https://evil.example", "https://ticketing.dev.evil.example", ""] {
            assert!(cross_site(&[("origin", origin), ("host", "ticketing.dev")]), "{origin}");
        }
        assert!(cross_site(&[("origin", "http://127.0.0.1:8081"), ("host", "127.0.0.1:8080")]));
    }
}
